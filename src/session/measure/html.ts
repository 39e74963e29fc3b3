import { showText } from '../../terminal/safe-text.ts';

/** Text that is safe as HTML; the only way to make it is the template below, which escapes every value that is not one already. */
export class Html {
  constructor(readonly text: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  // Control characters have no place in a page, and a reader's browser may act on some of them.
  return showText(text).replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
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
