/** Words whose singular the rules below would miss: the key of every form of a word only has to be the same. */
const irregular: Record<string, string> = {
  brioches: 'brioche',
  brownies: 'brownie',
  calves: 'calf',
  chilis: 'chili',
  chillis: 'chilli',
  cookies: 'cookie',
  geese: 'goose',
  halves: 'half',
  kiwis: 'kiwi',
  knives: 'knife',
  leaves: 'leaf',
  loaves: 'loaf',
  paninis: 'panini',
  pies: 'pie',
  quiches: 'quiche',
  salamis: 'salami',
  shoes: 'shoe',
  smoothies: 'smoothie',
  zucchinis: 'zucchini',
};

/** [ending of the plural, ending of the singular], first match wins; null keeps the word as it is. */
const endings: readonly (readonly [RegExp, string | null])[] = [
  [/(?:s|u|i)s$/, null],
  [/(?<=[^aeiou]{1})ies$/, 'y'],
  [/(?<=ss|x|ch|sh)es$/, ''],
  [/(?<=o)es$/, ''],
  [/(?<=.{3})s$/, ''],
];

function singular(word: string): string {
  const known = irregular[word];
  if (known !== undefined) return known;
  const rule = endings.find(([ending]) => ending.test(word));
  return rule === undefined || rule[1] === null ? word : word.replace(rule[0], rule[1]);
}

/**
 * The key under which names are the same thing: lower case, single spaces, no marks around it, the last word in the
 * singular. "Cherry  Tomatoes" and "cherry tomato" have one key; "milk" and "oat milk" have two.
 */
export function nameKey(name: string): string {
  const plain = name.normalize('NFKC').toLowerCase().normalize('NFKC').replaceAll('’', "'");
  const words = plain.split(/\s+/u).map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}%]+$/gu, ''));
  const kept = words.filter((word) => word !== '');
  return [...kept.slice(0, -1), singular(kept.at(-1) ?? '')].join(' ').trim();
}
