// A plain component: one function of its own, and nothing of koi-mcp.

export const time = {
  getCurrentTime: () => new Date().toISOString(),
};
