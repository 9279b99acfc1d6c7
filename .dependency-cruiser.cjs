/** Imports run one way (docs/ARCHITECTURE.md); what the compiler's project references cannot say is said here. */
const packageOf = (name) => `^packages/${name}/`

/** Each room, and the rooms of the house that it may import. */
const MAY_IMPORT = {
  base: [],
  dht: ['base'],
  peer: ['base'],
  discovery: ['base', 'peer', 'dht'],
  'discovery-channel': ['discovery'],
  sim: ['base', 'peer', 'dht', 'discovery', 'tool-db'],
  'tool-db': ['base', 'peer'],
  shoal: ['base', 'peer', 'dht', 'discovery', 'tool-db'],
}

const directions = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  name: `direction-${name}`,
  comment: `${name} may import only: ${[name, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `${packageOf(name)}src` },
  to: { path: '^packages/', pathNot: [name, ...allowed].map(packageOf) },
}))

module.exports = {
  forbidden: [
    ...directions,
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'a core never touches Node, nor the rooms that do',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/core/' },
      to: { path: '^packages/[^/]+/src/(node|network|store|users|runtime|compat)/' },
    },
    {
      name: 'core-imports-no-node-modules',
      severity: 'error',
      from: { path: '^packages/([^/]+/src/core|base/src|peer/src)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'through-the-front-door',
      comment: 'other packages are imported by name, never by a path into them',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: {
        path: '^packages/([^/]+)/src/',
        pathNot: ['^packages/$1/', '^packages/[^/]+/src/(index|testing/index|core/index)\\.ts$'],
      },
    },
    {
      name: 'no-orphans',
      comment: 'the front door of a room that is still empty aside',
      severity: 'error',
      from: { orphan: true, path: '^packages/[^/]+/src/', pathNot: '\\.d\\.ts$|^packages/[^/]+/src/index\\.ts$' },
      to: {},
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared-dependencies',
      comment: 'a package says what it imports',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: '^node_modules/@types/' },
    },
  ],
  options: {
    includeOnly: '^packages/[^/]+/(src|bin)/|^node_modules/|^(node:)?[a-z_]+$',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@shoal/source', 'import', 'node', 'default'],
    },
  },
}
