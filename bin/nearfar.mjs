#!/usr/bin/env node
// The `nearfar` command: the compiled program of the package, or the sources in a clone.
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`nearfar needs Node 22.18 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

const compiled = new URL('../dist/cli/main.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
const { main } = await import((existsSync(compiled) && !existsSync(source) ? compiled : source).href);
await main(process.argv.slice(2));
