-- A restored house counts on beyond all that it may have said after the backup: its readers come back with those cursors.
GRANT UPDATE ON SEQUENCE core.messages_seq_seq TO majordomo_core;
