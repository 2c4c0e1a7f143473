import { memory } from '../memory.js';

export const get = (key: string): string | undefined => memory.config.get(key);

export const getAll = (): [string, string][] => [...memory.config];
