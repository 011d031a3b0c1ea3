import type { BrowserContext, Page } from 'playwright-core';
import type { Site } from './site.ts';

/** Opens the page of `page.ts` in a tab. @throws Error with what went wrong in the page, at once */
export async function openPage(context: BrowserContext, site: Site): Promise<Page> {
  const page = await context.newPage();
  await visit(page, site);
  return page;
}

/** Goes to the page in a tab that is open. */
export async function visit(page: Page, site: Site): Promise<void> {
  let fail = (_: Error): void => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  page.on('pageerror', fail);
  try {
    await page.goto(site.pageUrl);
    await Promise.race([page.waitForFunction(() => 'testing' in window, null, { timeout: 15_000 }), failed]);
  } finally {
    page.off('pageerror', fail);
  }
}
