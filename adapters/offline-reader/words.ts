/** What the beginning of a clause says about the things after it. */
export type Mode = 'need' | 'removal' | 'removal-if-needed';

const list = (text: string) => text.trim().split(/\s*\|\s*|\s*\n\s*/);
const set = (text: string) => new Set(text.trim().split(/\s+/));

/** Say nothing by themselves, at the beginning of a clause. */
export const fillers = set(`
  please also and so then plus ok okay oh just btw actually yes hi hello hey dear thanks but still
`);

/** Asking in the form of a question is still asking. */
export const requests = list(`can you|could you|would you|will you|can we|could we`);

const subjects = ['', 'we ', 'i ', 'you ', 'they '];
const verbs = list(`buy|get|order|add|pick up|bring|fetch|grab|put`);
const shortage = list(`out of|ran out of|run out of|running out of|running low on|low on|almost out of|nearly out of`);
const be = ['', "we're ", 'we are ', "i'm ", 'i am ', 'we ', "we've ", 'we have ', "i've ", 'i have '];
const needing = list(`need|also need|still need|want|will need`);

const needLeads = [
  ...be.flatMap((who) => shortage.map((what) => who + what)),
  ...subjects.flatMap((who) => needing.flatMap((what) => [who + what, `${who}${what} to`])),
  ...list(`we'll need|we'd like|i'd like|i would like|we would like|we should|let's|lets|don't forget|do not forget`),
  ...verbs,
  ...list(`shopping list|grocery list|groceries|list|to buy|for the list`),
];
const notNeeding = list(`don't need|do not need|dont need|no longer need|don't want|do not want|dont want`);
const notBuying = ["don't ", 'do not ', 'dont '].flatMap((not) => verbs.map((verb) => not + verb));
const removalLeads = [
  ...subjects.flatMap((who) => notNeeding.flatMap((what) => [who + what, `${who}${what} any`])),
  ...notBuying,
  ...notBuying.map((what) => `${what} any`),
  ...list(`no need for|cancel|remove|forget about|skip`),
];

/** A phrase in words, and what it means. */
export interface Phrase<T> {
  readonly words: readonly string[];
  readonly means: T;
}

/** Phrases by their first word, longest first. */
export type Phrases<T> = ReadonlyMap<string, readonly Phrase<T>[]>;

function phrases<T>(entries: readonly (readonly [string, T])[]): Phrases<T> {
  const byFirst = new Map<string, Phrase<T>[]>();
  for (const [text, means] of entries) {
    const words = text.split(' ');
    const first = words[0] ?? '';
    byFirst.set(
      first,
      [...(byFirst.get(first) ?? []), { words, means }].sort((a, b) => b.words.length - a.words.length),
    );
  }
  return byFirst;
}

/** What a clause may begin with. */
export const leads: Phrases<Mode | 'request'> = phrases<Mode | 'request'>([
  ...needLeads.map((text) => [text, 'need'] as const),
  ...removalLeads.map((text) => [text, 'removal'] as const),
  ...list(`no more|no`).map((text) => [text, 'removal-if-needed'] as const),
  ...requests.map((text) => [text, 'request'] as const),
]);

/** In front of a thing, saying nothing exact of its amount. */
export const determiners: Phrases<true> = phrases(
  list(
    `some|any|the|our|my|more|another|extra|several|many|enough|a few|a couple of|a couple|a bit of|a little|a lot of|lots of|plenty of|a bit more|some more`,
  ).map((text) => [text, true] as const),
);

/** Behind a thing, saying nothing more of it; written backwards, because they are looked up from the end. */
export const tails: Record<'need' | 'removal', Phrases<true>> = {
  need: backwards(
    `please|too|also|as well|again|thanks|thank you|on the list|to the list|on the shopping list|to the shopping list|for me|for us`,
  ),
  removal: backwards(
    `please|anymore|any more|any longer|now|thanks|thank you|needed|required|necessary|off the list|from the list|from the shopping list|either`,
  ),
};

function backwards(text: string): Phrases<true> {
  return phrases(list(text).map((phrase) => [phrase.split(' ').toReversed().join(' '), true] as const));
}

/** One of these behind "no more …" makes it a removal; without it nobody knows. */
export const neededWords = set(`needed required necessary`);

/** What is said, apart from courtesies, when the list is to be ordered at once. */
export const orderNow = new Set(
  list(`buy it|order it|buy them|order them|buy everything|order everything|buy the list|order the list|buy all|order all
    buy it all|order it all|buy all of it|order all of it|buy the groceries|order the groceries|place the order|go shopping`),
);
/** Taken out before the words are looked up in `orderNow`; "buy" and "order" alone need the second. */
export const courtesies = set(`please ok okay yes just and so then also can could would will you thanks now`);

/** From here on a clause says something else than what the thing is. */
export const cutters = set(`
  for from at in on by until before after today tomorrow tonight now soon later this next because since
`);

/** Nothing to buy is called like this: a clause with one of them is talk, or another language. */
export const talk = set(`
  i me you he she it we they us him them is are was were am be been being do does did done has have had having
  what when where who whom whose why how which will would could should shall might must not don't doesn't didn't won't
  isn't aren't can't cannot no yes hello hi hey bye morning evening goodbye thanks thank sorry welcome to that these those
  there here if unless or than very really yesterday already maybe perhaps again ever never always go goes going went come
  came make made know think thought tell said say says ask asked see saw look looking call remind remember book help talk
  meet meeting love hate like likes feel ate eat eating drank drink cook cooked cooking sleep well lost i'm i've i'll i'd
  we're we've we'll we'd you're it's he's she's they're that's what's where's how's who's let's lets dont im ive
  und oder et ou y o och og en e weather news joke time good great nice bad
`);

/** Everyday groceries: a bare word counts as a list only in company of an amount, a bullet or one of these. */
export const groceries = set(`
  apple apricot asparagus avocado bacon bagel banana basil battery bean beef beer beetroot berry biscuit blueberry bread
  broccoli bun butter buttermilk cabbage cake candle carrot cauliflower celery cereal cheese cherry chicken chickpea chili
  chive chocolate cinnamon coffee coke cookie coriander corn courgette cracker cream crisp croissant cucumber curry date
  detergent egg eggplant fennel feta fig fish flour foil garlic gherkin ginger grape grapefruit ham herb honey hummus jam
  juice kale ketchup kiwi lamb leek lemon lemonade lentil lettuce lime mango margarine mayonnaise meat melon milk mince mint
  mozzarella muesli mushroom mustard napkin noodle nut oat oil olive onion orange oregano parmesan parsley pasta peach
  peanut pear pea pepper pineapple pizza plum pork potato prawn pumpkin quark radish raisin raspberry rice rocket rosemary
  salad salami salmon salt sausage shampoo shrimp soap soup spaghetti spinach sponge squash steak strawberry sugar sultana
  tea thyme tissue toast tofu tomato toothpaste tuna turkey vinegar walnut water wine yeast yoghurt yogurt zucchini
`);
