/** The two languages of the page. */

export const LANGUAGES = { en: "English", zh: "中文" };

/** @typedef {Record<string, Record<string, string>>} Words  texts by language and key, the same keys in each */
/** @typedef {(key: string, values?: Record<string, string|number>) => string} Say */

/**
 * Returns what says a text in a language: {name} in it is replaced by values.name.
 * @param {Words} words
 * @param {string} language
 * @returns {Say}
 */
export function speaker(words, language) {
  const texts = words[language] ?? words.en;
  return (key, values = {}) => {
    const text = texts[key];
    if (text === undefined) throw new Error(`no text for ${key} in ${language}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  };
}

/**
 * The language to begin with: of the address's hash, of its query, or the browser's.
 * @param {string|null} chosen
 * @param {string} search  such as "?lang=zh"
 * @param {readonly string[]} preferred
 */
export function languageOf(chosen, search, preferred) {
  const asked = [chosen, new URLSearchParams(search).get("lang"), ...preferred];
  const known = asked.map((each) => (each ?? "").slice(0, 2).toLowerCase()).find((each) => each in LANGUAGES);
  return known ?? "en";
}
