// The first thing that runs, on whatever Node the machine has (18 or newer): installs what is missing into
// node_modules, Node 24 included, and then starts the real program with that Node. Plain JavaScript without
// dependencies, because nothing is installed yet.
//
//   node scripts/bootstrap.mjs start [ARGS]      install, then `nearfar serve`
//   node scripts/bootstrap.mjs test              install, then `npm run check`
//   node scripts/bootstrap.mjs run FILE [ARGS]   install, then run FILE
//   node scripts/bootstrap.mjs install           install only
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineProblem } from './machine.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const windows = process.platform === 'win32';
const bundledNode = path.join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
const stampPath = path.join(root, 'node_modules', '.nearfar-installed');

function fail(message) {
  process.stderr.write(`nearfar cannot start here: ${message}\n`);
  process.exit(1);
}

function say(message) {
  // stderr, so that `npm run -s nearfar -- models --json` stays clean JSON on stdout.
  process.stderr.write(`${message}\n`);
}

/** Says in plain words why this machine cannot run nearfar; returns where it can. */
function checkMachine() {
  const problem = machineProblem({
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    glibcVersion:
      process.platform === 'linux' ? process.report.getReport().header.glibcVersionRuntime : undefined,
  });
  if (problem !== null) fail(problem);
}

/** What an installation was made from: the same digest later means that nothing has to be installed. */
function wantedStamp() {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    const file = path.join(root, name);
    if (existsSync(file)) hash.update(name).update(readFileSync(file));
  }
  return `${process.platform}-${process.arch} ${hash.digest('hex')}\n`;
}

function isInstalled() {
  if (!existsSync(bundledNode) || !existsSync(stampPath)) return false;
  return readFileSync(stampPath, 'utf8') === wantedStamp();
}

/** How to run npm: the one that runs this script, or the one on the path. */
function npmCommand() {
  const running = process.env.npm_execpath;
  if (running !== undefined && /\.c?js$/.test(running) && existsSync(running)) {
    return { file: process.execPath, args: [running], shell: false };
  }
  const onPath = spawnSync('npm', ['--version'], { shell: windows, stdio: 'ignore' });
  if (onPath.error !== undefined || onPath.status !== 0) {
    fail(
      'npm was not found. It comes with Node: install Node 18 or newer together with npm, then run this again.',
    );
  }
  return { file: 'npm', args: [], shell: windows };
}

function install() {
  if (isInstalled()) return;
  checkMachine();
  say(
    'Installing what nearfar needs into node_modules (once; Node 24 and the inference library included) ...',
  );
  const npm = npmCommand();
  // `install`, not `ci`: a mirror that lacks some platforms' optional packages fails `ci` altogether.
  // Its warnings are silenced: they speak of the machine's own Node, in place of which Node 24 is just being installed.
  const flags = ['--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=error'];
  const args = [...npm.args, 'install', ...flags];
  const lockPath = path.join(root, 'package-lock.json');
  const lock = existsSync(lockPath) ? readFileSync(lockPath) : null;
  const result = spawnSync(npm.file, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: npm.shell,
    env: process.env,
  });
  if (result.error !== undefined) fail(`npm could not be run: ${result.error.message}`);
  if (result.status !== 0) {
    fail(
      `"npm install" failed${result.status === null ? '' : ` with exit code ${result.status}`}; its messages are above.` +
        ' Check the network or the package mirror (npm config get registry), then run the same command again.',
    );
  }
  // npm drops from the lock the platforms that a mirror does not carry; the committed file is the right one.
  if (lock !== null && !readFileSync(lockPath).equals(lock)) writeFileSync(lockPath, lock);
  if (!existsSync(bundledNode)) {
    fail(
      `npm installed everything but Node 24 (${path.relative(root, bundledNode)} is missing). Install scripts may be` +
        ' switched off: try "npm config get ignore-scripts", and "npm rebuild node" once they are allowed.',
    );
  }
  mkdirSync(path.dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, wantedStamp());
}

/** Runs a program in place of this one: same terminal, its signals, its exit code. */
function become(file, args, shell) {
  const bin = path.join(root, 'node_modules', '.bin');
  const child = spawn(file, args, {
    stdio: 'inherit',
    shell,
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole process group: the child already has it.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  // npm that is told to end takes its shell along, but not what the shell started: that is noticed here.
  const parent = process.ppid;
  const underNpm = process.env.npm_lifecycle_event !== undefined && !windows;
  const watch = setInterval(() => {
    if (!underNpm || process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 250);
  watch.unref();
  child.on('error', (error) => {
    fail(`${file} could not be run: ${error.message}`);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + (os.constants.signals[signal] ?? 0));
  });
}

/** No type-stripping or SQLite warnings on the users' terminals; errors are shown as ever. */
const nodeFlags = ['--disable-warning=ExperimentalWarning'];

const [verb, ...rest] = process.argv.slice(2);
switch (verb) {
  case 'start':
    install();
    become(bundledNode, [...nodeFlags, path.join(root, 'src', 'cli', 'main.ts'), 'serve', ...rest], false);
    break;
  case 'run': {
    const [file, ...args] = rest;
    if (file === undefined) fail('"run" needs the file to run.');
    install();
    become(bundledNode, [...nodeFlags, path.resolve(root, file), ...args], false);
    break;
  }
  case 'test': {
    install();
    const npm = npmCommand();
    become(npm.file, [...npm.args, 'run', 'check'], npm.shell);
    break;
  }
  case 'install':
    install();
    break;
  default:
    fail(`unknown bootstrap verb ${JSON.stringify(verb ?? '')}; expected start, test, run or install.`);
}
