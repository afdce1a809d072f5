/** UTF-16 units of a caption; Telegram takes 1024, a short one reads better. */
export const longestCaption = 300;

const mark = '…\n';

/**
 * At most `most` UTF-16 units: the beginning, and the last line where it fits, because a card's end says what became of
 * it. No character is cut in half.
 */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.slice(text.lastIndexOf('\n') + 1);
  const end = last.length < most / 2 ? `${mark}${last}` : '…';
  const begin = text.slice(0, most - end.length).replace(/[\uD800-\uDBFF]$/u, '');
  return begin + end;
}
