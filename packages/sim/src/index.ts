/** The deterministic world: see docs/guides/simulator.md. */
export {}
