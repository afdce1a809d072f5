/** Types of the application failures that cross a workflow's border. They carry no personal data. */
export const failureTypes = {
  /** The gate is closed; the details say by whom, how and when. */
  alreadyDecided: 'AlreadyDecided',
  /** The gate's time is over. */
  expired: 'Expired',
  /** The decision carries neither the gate's code nor the record of a door that knew the owner. */
  notAuthorised: 'NotAuthorised',
  /** The arguments of a message are not of its form. */
  malformed: 'Malformed',
  /** The model answered that it will not take this request as it is. */
  modelRefused: 'ModelRefused',
  /** Another run of the same attempt exists, or it was fenced; the ledger knows how it ended. */
  attemptNotOurs: 'AttemptNotOurs',
  /** What the workflow asks for is not there. */
  notFound: 'NotFound',
} as const;
