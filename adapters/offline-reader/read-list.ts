import { mostEntries, type Extraction } from '../../contracts/extraction.ts';
import { cutAt, sentencesOf, type Sentence } from './clauses.ts';
import { readItem, withoutTail, type Item } from './item.ts';
import { phraseAt } from './match.ts';
import { createDraft, type Draft } from './result.ts';
import { tokenise, type Token } from './tokens.ts';
import { courtesies, fillers, leads, neededWords, orderNow, type Mode } from './words.ts';

type Clause = readonly Token[];

/** A sentence with more clauses than this is not read to its end. */
const mostClauses = 3 * mostEntries;

/** So much of a message is read, in UTF-16 code units; a hundred lines of a list have room in it. */
const mostRead = 16_000;

/** How the clauses that follow are meant: after a lead, or as a plain list, or in no way we know. */
type Meaning = Mode | 'plain' | 'unknown';

interface Reading {
  readonly body: string;
  readonly draft: Draft;
  readonly hasQuestions: boolean;
  /** Things in plain lines without any sign that they are a list; decided when all was read. */
  readonly doubtful: { item: Item & { kind: 'thing' }; clause: Clause }[];
  /** A plain list was found, or plain talk was. */
  plainList: boolean;
  plainTalk: boolean;
}

const placeOf = (clause: Clause) => ({ start: clause[0]?.start ?? 0, end: clause.at(-1)?.end ?? 0 });

/** "buy it now", "please order the list": the whole clause and nothing else. */
function ordersNow(clause: Clause): boolean {
  if (clause.length > 12) return false;
  const words = clause.map((token) => token.lower);
  const said = words.filter((word) => !courtesies.has(word)).join(' ');
  return orderNow.has(said) || ((said === 'buy' || said === 'order') && words.includes('now'));
}

/** Skips fillers and leads at the beginning of a clause; the last lead gives the meaning. */
function takeLead(clause: Clause): { mode: Mode | null; request: boolean; rest: Clause } {
  const words = clause.slice(0, 24).map((token) => token.lower);
  let at = 0;
  let mode: Mode | null = null;
  let request = false;
  for (;;) {
    const lead = phraseAt(leads, words, at);
    if (lead === null && !(fillers.has(words[at] ?? '') || (at > 0 && words[at] === ':'))) break;
    if (lead?.means === 'request') request = true;
    else if (lead !== null) mode = lead.means;
    at += lead?.words.length ?? 1;
  }
  return { mode, request, rest: clause.slice(at) };
}

function take(reading: Reading, item: Item, clause: Clause, mode: 'need' | 'removal'): void {
  const { draft } = reading;
  if (item.kind === 'empty') return;
  if (item.kind === 'thing' && !draft.full()) {
    if (mode === 'need') draft.need(item);
    else draft.removal(item);
    if (item.rest !== null) draft.unclear(item.rest);
  } else if (item.kind === 'amount' && mode === 'need' && reading.hasQuestions && !draft.full()) draft.amount(item);
  else draft.unclear(placeOf(clause));
}

/** Clauses without a lead are a list when one has an amount, a bullet or a well-known name, and none is talk. */
function readPlain(reading: Reading, clauses: readonly Clause[], bullet: boolean): void {
  const items = clauses.map((clause) => readItem(reading.body, clause.slice(0, withoutTail(clause, 'need'))));
  const isTalk = (item: Item) =>
    (item.kind === 'unclear' && item.talk) || (item.kind === 'thing' && item.rest !== null);
  const talk = !bullet && items.some(isTalk);
  const isSign = (item: Item) => item.kind === 'thing' && (item.quantity !== null || item.known);
  const list = bullet || items.some(isSign);
  reading.plainTalk ||= talk;
  reading.plainList ||= list && !talk;
  for (const [index, clause] of clauses.entries()) {
    const item = items[index] ?? { kind: 'empty' };
    if (talk) reading.draft.unclear(placeOf(clause));
    else if (item.kind === 'thing' && !list) reading.doubtful.push({ item, clause });
    else take(reading, item, clause, 'need');
  }
}

/** `rest` is the clause behind its lead. */
function readLed(reading: Reading, clause: Clause, rest: Clause, mode: 'need' | 'removal'): void {
  const kept = rest.slice(0, withoutTail(rest, mode));
  const parts =
    mode === 'removal' ? cutAt(kept, (at) => kept[at]?.lower === 'or' || kept[at]?.lower === 'nor') : [kept];
  for (const part of parts) take(reading, readItem(reading.body, part), parts.length === 1 ? clause : part, mode);
}

/** "no more milk needed" is a removal; "no more milk" may be the opposite. */
function meaningOf(mode: Mode, clauses: readonly Clause[]): Meaning {
  if (mode !== 'removal-if-needed') return mode;
  return clauses.some((clause) => clause.some((token) => neededWords.has(token.lower))) ? 'removal' : 'unknown';
}

/** Reads one sentence; answers the meaning that a heading such as "we need:" gives to the lines below it. */
function readSentence(reading: Reading, sentence: Sentence, heading: Meaning): Meaning {
  let meaning = heading;
  let asked = sentence.question;
  let things = 0;
  let plain: Clause[] = [];
  const flush = () => {
    if (plain.length > 0) readPlain(reading, plain, sentence.bullet);
    plain = [];
  };
  for (const [index, clause] of sentence.clauses.slice(0, mostClauses).entries()) {
    const { mode, request, rest } = takeLead(clause);
    if (request) asked = false;
    if (!asked && ordersNow(clause)) {
      reading.draft.buyNow();
      continue;
    }
    if (mode !== null) flush();
    if (mode !== null) meaning = meaningOf(mode, sentence.clauses.slice(index));
    if (rest.length === 0) continue;
    things += 1;
    const last = index === sentence.clauses.length - 1;
    const unclear = meaning === 'unknown' || (asked && (last || meaning !== 'plain'));
    if (unclear)
      reading.draft.unclear({ start: placeOf(clause).start, end: last ? sentence.end : placeOf(clause).end });
    else if (meaning === 'need' || meaning === 'removal') readLed(reading, clause, rest, meaning);
    else plain.push(rest);
  }
  flush();
  const unread = sentence.clauses[mostClauses];
  if (unread !== undefined) reading.draft.unclear({ start: placeOf(unread).start, end: sentence.end });
  const carries = meaning === 'need' || meaning === 'removal';
  return carries && (things === 0 || heading === meaning) ? meaning : 'plain';
}

/**
 * Reads a plain English list. Deterministic, bounded in time, never throws. What has no single meaning is
 * in `notUnderstood`; greetings and courtesies are left out beside a list. Spans are exact and cover amount, unit and
 * name.
 */
export function readList(body: string, openQuestions: readonly { readonly name: string }[]): Extraction {
  const draft = createDraft(body);
  const hasQuestions = openQuestions.length > 0;
  const reading: Reading = { body, draft, hasQuestions, doubtful: [], plainList: false, plainTalk: false };
  let heading: Meaning = 'plain';
  const read = body.length <= mostRead ? body : body.slice(0, mostRead).replace(/\S{0,200}$/u, '');
  if (read !== body) draft.unclear({ start: read.length, end: body.length });
  for (const sentence of sentencesOf(body, tokenise(read))) {
    if (draft.full()) {
      draft.unclear({ start: placeOf(sentence.clauses[0] ?? []).start, end: body.length });
      break;
    }
    heading = readSentence(reading, sentence, heading);
  }
  const accepted = reading.plainList && !reading.plainTalk;
  for (const { item, clause } of reading.doubtful) {
    if (accepted && clause.length <= 3) take(reading, item, clause, 'need');
    else draft.unclear(placeOf(clause));
  }
  return draft.finish();
}
