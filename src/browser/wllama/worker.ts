import { serveEngine } from '../worker/serve.ts';
import { keyOfConfig } from './config.ts';
import { createWllamaEngine } from './engine.ts';

/** The script of the dedicated worker that holds the model. */
serveEngine(createWllamaEngine, keyOfConfig);
