/** HTML by hand: escaping, and the frame of a page. */

/** Escapes text for content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The same text with every character that allows it as a numeric or named entity. */
export function asEntities(text: string): string {
  const named: Record<string, string> = {
    '–': '&ndash;',
    '’': '&rsquo;',
    é: '&eacute;',
    ñ: '&ntilde;',
  };
  return [...escapeHtml(text)]
    .map((char) => named[char] ?? (char > '~' ? `&#x${char.codePointAt(0)?.toString(16)};` : char))
    .join('');
}

export interface PageParts {
  title: string;
  lang?: string;
  /** Raw HTML for the head. */
  head?: string;
  /** Raw HTML before, in and after the main part. */
  nav?: string;
  main: string;
  foot?: string;
}

/** A whole document. Only `title` is escaped: the rest is HTML already. */
export function page({
  title,
  lang = 'en',
  head = '',
  nav = '',
  main,
  foot = '',
}: PageParts): string {
  return `<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width">
${head}
</head>
<body>
<header>${nav}</header>
<main>
${main}
</main>
<footer>${foot}</footer>
</body>
</html>
`;
}

/** `<a href>` with escaped words. */
export function link(href: string, words: string): string {
  return `<a href="${escapeHtml(href)}">${escapeHtml(words)}</a>`;
}
