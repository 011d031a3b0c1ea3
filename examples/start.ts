import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildExample, examples, type Example } from './build.ts';
import { serveFolder } from './serve.ts';

const help = `Usage: npm run example -- page [--port N] [--gateway URL] [--model ID] [--out DIR]
       npm run example -- extension [--out DIR]

page        builds examples/page and serves it to this machine
extension   builds examples/extension into a folder that Chromium loads ("Load unpacked")

  --port N       of the page; 0 = any that is free   (default 8080)
  --gateway URL  that the page may ask               (default http://localhost:4242/v1; "none": the page alone)
  --model ID     of the gateway's files, for browsers without a model of their own (its setting pages.models)
  --out DIR      where it is built; made anew        (default a temporary folder)
  --help         this text
`;

async function main(args: readonly string[]): Promise<number> {
  let given;
  try {
    given = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '8080' },
        gateway: { type: 'string', default: 'http://localhost:4242/v1' },
        model: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : String(thrown));
    return 2;
  }
  const { values, positionals } = given;
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [example] = positionals;
  const port = Number(values.port);
  const gateway = values.gateway === 'none' ? null : values.gateway;
  if (positionals.length !== 1 || !isExample(example)) {
    console.error(`Expected one of: ${examples.join(', ')}.\n\n${help}`);
    return 2;
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    console.error(`--port ${values.port}: expected a whole number from 0 to 65535.`);
    return 2;
  }
  if (gateway !== null && !URL.canParse(gateway)) {
    console.error(`--gateway ${gateway}: expected an address, or "none".`);
    return 2;
  }
  const folder = path.resolve(values.out ?? (await mkdtemp(path.join(os.tmpdir(), `nearfar-${example}-`))));
  await buildExample(example, folder);
  if (example === 'extension') {
    console.log(
      `Built: ${folder}\nIn Chromium: chrome://extensions, Developer mode, Load unpacked, this folder.`,
    );
    return 0;
  }
  const server = serveFolder(folder, gateway);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const query = new URLSearchParams();
  if (gateway !== null) query.set('gateway', gateway);
  if (values.model !== undefined) query.set('model', values.model);
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  console.log(`http://localhost:${String(bound)}/?${query.toString()}`);
  return 0;
}

function isExample(name: string | undefined): name is Example {
  return examples.some((example) => example === name);
}

process.exitCode = await main(process.argv.slice(2));
