// Prints the SHA-256 of the RDFC-1.0 canonical form of a JSON-LD file, as jsonld.js reads it. No network.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import jsonld from 'jsonld';

const documentLoader = async (url) => {
  throw new Error(`the document asks for ${url}; it should stand on its own`);
};
const document = JSON.parse(await readFile(process.argv[2], 'utf8'));
const canonical = await jsonld.canonize(document, {
  algorithm: 'RDFC-1.0',
  format: 'application/n-quads',
  documentLoader,
  safe: true,
});
console.log(createHash('sha256').update(canonical, 'utf8').digest('hex'));
