// What can be written next: keywords, functions, prefixes, and terms and things from one file that the
// server makes from its ontology, shapes and statistics. No query is ever run to complete a word.
import { syntaxTree } from "@codemirror/language";
import { SparqlLanguage } from "codemirror-lang-sparql";

const KEYWORDS = `SELECT DISTINCT REDUCED WHERE ASK CONSTRUCT DESCRIBE FROM NAMED PREFIX BASE OPTIONAL UNION MINUS
 FILTER BIND VALUES GRAPH GROUP HAVING ORDER BY ASC DESC LIMIT OFFSET AS EXISTS NOT IN UNDEF a true false`.split(/\s+/);

const FUNCTIONS = {
  ABS: "number", AVG: "values", BNODE: "label", BOUND: "?variable", CEIL: "number", COALESCE: "a, b, …", CONCAT: "a, b, …",
  CONTAINS: "text, part", COUNT: "values", DATATYPE: "literal", DAY: "date", ENCODE_FOR_URI: "text", FLOOR: "number",
  GROUP_CONCAT: "values; separator=\"…\"", HOURS: "dateTime", IF: "test, then, else", IRI: "text", isBLANK: "term",
  isIRI: "term", isLITERAL: "term", isNUMERIC: "term", LANG: "literal", LANGMATCHES: "tag, range", LCASE: "text",
  MAX: "values", MD5: "text", MIN: "values", MINUTES: "dateTime", MONTH: "date", NOW: "", RAND: "",
  REGEX: "text, pattern, flags", REPLACE: "text, pattern, by", ROUND: "number", SAMPLE: "values", SECONDS: "dateTime",
  SHA256: "text", STR: "term", STRAFTER: "text, part", STRBEFORE: "text, part", STRDT: "text, datatype",
  STRENDS: "text, end", STRLANG: "text, tag", STRLEN: "text", STRSTARTS: "text, start", SUBSTR: "text, from, length",
  SUM: "values", UCASE: "text", UUID: "", YEAR: "date", sameTerm: "a, b",
};

// Everything a prefixed name can begin with, the part after the colon included.
const WORD = /[A-Za-z_][\w.-]*(?::[\w.%~-]*)?$/;

// Arabic and Latin alike: letters without their marks, so that what is typed need not be exact.
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").replace(/[أإآٱ]/g, "ا").toLowerCase();
}

// Returns what completes the text before the cursor, given a promise of the server's file.
export function completionsFrom(promise, language) {
  const prepared = promise.then((file) => prepare(file, language));
  return async (context) => {
    const inside = syntaxTree(context.state).resolveInner(context.pos, -1).name;
    if (inside === "Comment") return null;
    const variable = context.matchBefore(/[?$]\w*$/);
    if (variable) return { from: variable.from, options: variablesOf(context.state), validFor: /^[?$]\w*$/ };
    const word = context.matchBefore(WORD);
    const name = context.matchBefore(/[\p{L}\p{M}]+$/u);
    if (!word && !name && !context.explicit) return null;
    const file = await prepared;
    const from = word?.from ?? name?.from ?? context.pos;
    const typed = context.state.sliceDoc(from, context.pos);
    const prefix = typed.includes(":") ? typed.slice(0, typed.indexOf(":") + 1) : null;
    return { from, options: optionsFor(file, typed, prefix), filter: false };
  };
}

function prepare(file, language) {
  const named = (names) => names[language] ?? names.en ?? names.fr ?? names.ar ?? "";
  const term = (type) => ([name, names, notes, count]) => ({
    label: name, type, detail: named(names), info: named(notes ?? {}) || undefined, count,
    sought: [name.slice(name.indexOf(":") + 1), ...Object.values(names).flat()].map(plain),
  });
  return {
    prefixes: file.prefixes,
    terms: [...file.classes.map(term("class")), ...file.properties.map(term("property")), ...file.things.map(term("constant"))],
    words: [
      ...KEYWORDS.map((label) => ({ label, type: "keyword", sought: [plain(label)] })),
      ...Object.entries(FUNCTIONS).map(([label, needs]) => ({ label, type: "function", detail: `(${needs})`, apply: `${label}(`, sought: [plain(label)] })),
      ...Object.entries(file.prefixes).map(([name, iri]) => ({ label: `${name}:`, type: "namespace", detail: iri, sought: [plain(name)] })),
    ],
  };
}

function optionsFor(file, typed, prefix) {
  const sought = plain(prefix ? typed.slice(prefix.length) : typed);
  const among = prefix ? file.terms.filter((term) => term.label.startsWith(prefix)) : [...file.words, ...file.terms];
  const found = [];
  for (const term of among) {
    const rank = rankOf(term.sought, sought);
    if (rank > 0) found.push({ ...term, apply: applying(file, term), boost: rank });
  }
  return found.sort((a, b) => b.boost - a.boost || (b.count ?? 0) - (a.count ?? 0)).slice(0, 200);
}

function rankOf(names, sought) {
  if (sought === "") return 1;
  let best = 0;
  for (const name of names) {
    if (name.startsWith(sought)) best = Math.max(best, 3);
    else if (name.includes(` ${sought}`)) best = Math.max(best, 2);
    else if (sought.length > 2 && name.includes(sought)) best = Math.max(best, 1);
  }
  return best;
}

// Writes the word, and declares its prefix at the head of the query where that is still missing.
function applying(file, term) {
  return (view, _completion, from, to) => {
    const text = term.type === "function" ? `${term.label}(` : term.label;
    const prefix = /^([A-Za-z][\w-]*):/.exec(term.label)?.[1];
    const iri = prefix && file.prefixes[prefix];
    const declared = new RegExp(`PREFIX\\s+${prefix}:`, "i").test(view.state.doc.toString());
    const changes = [{ from, to, insert: text }];
    let shift = 0;
    if (iri && !declared) {
      const line = `PREFIX ${prefix}: <${iri}>\n`;
      const at = afterComments(view.state.doc.toString());
      if (at <= from) {
        changes.unshift({ from: at, insert: line });
        shift = line.length;
      }
    }
    view.dispatch({ changes, selection: { anchor: from + shift + text.length }, userEvent: "input.complete" });
  };
}

function afterComments(text) {
  return /^(?:[ \t]*(?:#[^\n]*)?\n)*/.exec(text)[0].length;
}

function variablesOf(state) {
  const names = new Set(state.doc.toString().match(/[?$][A-Za-z_]\w*/g) ?? []);
  return [...names].map((label) => ({ label, type: "variable" }));
}

// Returns `text` with the prefixes of our table declared that it uses and does not declare.
export function declareKnownPrefixes(text, prefixes) {
  const used = new Set();
  const declared = new Set();
  SparqlLanguage.parser.parse(text).iterate({
    enter(node) {
      if (node.name !== "Pname_ns" && node.name !== "Pname_ln") return;
      const name = text.slice(node.from, node.to).split(":")[0];
      (node.node.parent?.name === "PrefixDecl" ? declared : used).add(name);
    },
  });
  const missing = [...used].filter((name) => !declared.has(name) && Object.hasOwn(prefixes, name)).sort();
  const at = afterComments(text);
  const lines = missing.map((name) => `PREFIX ${name}: <${prefixes[name]}>\n`).join("");
  return text.slice(0, at) + lines + text.slice(at);
}
