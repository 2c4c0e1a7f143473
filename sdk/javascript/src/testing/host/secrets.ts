export const placeholder = (name: string): string => `koi-secret-${name}`;
