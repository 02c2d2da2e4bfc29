// The query editor: CodeMirror in a shadow root, where its styles are constructed sheets, which need no
// exception from the Content-Security-Policy.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, toggleComment } from "@codemirror/commands";
import { bracketMatching, foldGutter, HighlightStyle, indentOnInput, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { lintGutter, linter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import {
  drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers, placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--syntax-keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syntax-string)" },
  { tag: [tags.number, tags.bool, tags.literal], color: "var(--syntax-number)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: tags.variableName, color: "var(--syntax-variable)" },
  { tag: [tags.namespace, tags.url, tags.name, tags.propertyName, tags.typeName], color: "var(--accent)" },
]);

// Colours come from the page's own custom properties, which reach into the shadow root; so does the scheme.
const look = EditorView.theme({
  "&": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: ".3rem" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, 'Cascadia Code', 'DejaVu Sans Mono', Menlo, monospace", lineHeight: "1.5", maxBlockSize: "32rem" },
  ".cm-content": { minBlockSize: "14rem", caretColor: "var(--ink)" },
  ".cm-cursor": { borderInlineStartColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--quiet)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--mark) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 30%, transparent)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: ".3rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--paper)" },
  ".cm-completionDetail": { color: "inherit", opacity: "1", fontStyle: "normal", marginInlineStart: "1em" },
  ".cm-completionInfo": { maxInlineSize: "24rem", whiteSpace: "normal" },
  // The library draws these with data: images, which the policy does not let in.
  ".cm-lintRange": { backgroundImage: "none !important", textDecoration: "underline wavy var(--quiet)", textUnderlineOffset: ".2em" },
  ".cm-lintRange-error": { textDecorationColor: "var(--warn)" },
  ".cm-lintPoint::after": { borderBottomColor: "var(--warn) !important" },
  ".cm-lint-marker": { content: "'·' !important", color: "var(--quiet)", fontSize: "1.4em", lineHeight: "1" },
  ".cm-lint-marker-error": { content: "'●' !important", color: "var(--warn)", fontSize: ".9em" },
  ".cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)" },
});

// The grammar is SPARQL 1.1; the server may read more. So this is a hint where reading stops, not a verdict.
function firstDoubt(words) {
  return (view) => {
    const found = [];
    syntaxTree(view.state).iterate({
      enter(node) {
        if (node.type.isError && found.length === 0) {
          const end = Math.min(view.state.doc.length, Math.max(node.to, node.from + 1));
          found.push({ from: Math.min(node.from, end), to: end, severity: "info", message: words.doubt });
        }
      },
    });
    return found;
  };
}

// Typing over a selection is done here: Chromium itself would carry the colours over as style attributes, only
// for the policy to refuse them on the console.
function replaceSelection(event, view) {
  const { from, to, empty } = view.state.selection.main;
  if (event.inputType !== "insertText" || !event.data || empty || event.isComposing) return false;
  const change = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  const handled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, change));
  if (!handled) view.dispatch(change());
  event.preventDefault();
  return true;
}

// Puts an editor in the place of `field`, a textarea that stays the form's own field and keeps its text.
export function editorFor(field, { words, completions, run }) {
  const host = document.createElement("div");
  host.className = "editor";
  host.dir = "ltr";
  field.before(host);
  const root = host.attachShadow({ mode: "open" });
  const submit = () => {
    run();
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(), foldGutter(), lintGutter(), highlightSpecialChars(), history(), drawSelection(),
        indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(), sparql(), look,
        EditorView.lineWrapping, EditorState.tabSize.of(2),
        syntaxHighlighting(colours),
        autocompletion({ override: [completions], activateOnTyping: true, maxRenderedOptions: 60 }),
        linter(firstDoubt(words), { delay: 700 }),
        placeholder("SELECT …"),
        EditorView.contentAttributes.of({ "aria-label": words.label, lang: "en", "aria-describedby": "keys", tabindex: "0" }),
        EditorView.domEventHandlers({ beforeinput: replaceSelection }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) field.value = update.state.doc.toString();
        }),
        Prec.highest(keymap.of([
          { key: "Mod-Enter", run: submit, preventDefault: true },
          { key: "Mod-/", run: toggleComment },
        ])),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
      ],
    }),
  });
  field.hidden = true;
  return {
    view,
    get text() {
      return view.state.doc.toString();
    },
    set text(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    // Marks what the server could not read: `line` and `column` count from 1.
    mark(line, column, message) {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
      const to = Math.max(from, view.state.wordAt(from)?.to ?? Math.min(from + 1, at.to));
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.dispatch(setDiagnostics(view.state, [{ from, to, severity: "error", message }]));
    },
    clear() {
      view.dispatch(setDiagnostics(view.state, []));
    },
    focus() {
      view.focus();
    },
  };
}
