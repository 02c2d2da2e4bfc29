// Runs a SELECT query from standard input with Comunica against a SPARQL endpoint; prints SPARQL CSV rows as JSON.
import { readFileSync } from 'node:fs';
import { QueryEngine } from '@comunica/query-sparql';

const query = readFileSync(0, 'utf8');
const bindings = await new QueryEngine().queryBindings(query, {
  sources: [{ type: 'sparql', value: process.argv[2] }],
});
const rows = await bindings.toArray();
console.log(JSON.stringify(rows.map((row) => Object.fromEntries(
  [...row].map(([variable, term]) => [variable.value, term.value]),
))));
