import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { matchesPattern } from '../access/model-pattern.ts';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { PageServing } from '../http/dependencies.ts';
import { createOfferedFiles } from '../models/offered-files.ts';

/**
 * What web pages get beside answers, under these settings.
 * @throws NearfarError `invalid_request` where `pages.folder` is no folder
 */
export function openPages({ settings: { pages } }: LoadedSettings): PageServing {
  return {
    offersModel: (id) => pages.models.some((pattern) => matchesPattern(pattern, id)),
    files: createOfferedFiles(),
    page:
      pages.folder === null
        ? null
        : { folder: existingFolder(resolve(pages.folder)), embedderPolicy: pages.embedderPolicy },
  };
}

function existingFolder(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new NearfarError('invalid_request', `pages.folder: there is no folder ${path}.`, {
    field: 'pages.folder',
  });
}
