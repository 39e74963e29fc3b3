import { showText } from '../../terminal/safe-text.ts';
import { wordTable } from '../../word-table.ts';

/** Safe HTML. Only the template function below makes it; it escapes every value that is not Html. */
export class Html {
  constructor(readonly text: string) {}
}

const ENTITIES = wordTable<string>({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
});

function escapeHtml(text: string): string {
  // Control characters do not belong in a page; a browser may act on some. A line break of others would begin a line of the file.
  return showText(text)
    .replaceAll('\n', '\\u000a')
    .replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
}

type Value = string | number | Html | readonly Html[];

export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(
    strings.reduce(
      (text, part, index) => text + part + (index < values.length ? show(values[index]!) : ''),
      '',
    ),
  );
}

function show(value: Value): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escapeHtml(String(value));
}
