// Why a machine cannot run nearfar, in words that say what to do. Pure; runs on any Node.

export const supportedPlatforms = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64'];

/** Node 24 is built against it. */
const oldestGlibc = [2, 28];

/**
 * @param machine.nodeVersion e.g. `20.20.2`: the Node that installs; nearfar itself runs on one that it brings
 * @param machine.platform, machine.arch as Node names them
 * @param machine.glibcVersion e.g. `2.36`; undefined on Linux: another C library (musl)
 * @returns null where it can
 */
export function machineProblem({ nodeVersion, platform, arch, glibcVersion }) {
  if (Number(nodeVersion.split('.')[0]) < 18) {
    return (
      `Node ${nodeVersion} is too old to install its parts. Install Node 18 or newer (22 or 24 is best)` +
      ' from your package manager; nearfar then brings the Node 24 that it runs on by itself.'
    );
  }
  const here = `${platform}-${arch}`;
  if (!supportedPlatforms.includes(here)) {
    return (
      `there is no build of the inference library for ${here}. Supported: ${supportedPlatforms.join(', ')}` +
      ' (on a Mac with an Intel processor, run it in a Linux container).'
    );
  }
  if (platform !== 'linux') return null;
  if (glibcVersion === undefined) {
    return (
      'this Linux uses musl (Alpine, for instance), and the inference library is built for glibc.' +
      ' Use a Debian, Ubuntu or Fedora system or image, such as node:24-slim.'
    );
  }
  const [major = 0, minor = 0] = glibcVersion.split('.').map(Number);
  if (major < oldestGlibc[0] || (major === oldestGlibc[0] && minor < oldestGlibc[1])) {
    return `its C library, glibc ${glibcVersion}, is older than ${oldestGlibc.join('.')}, which Node 24 needs. Use a newer system or a container.`;
  }
  return null;
}
