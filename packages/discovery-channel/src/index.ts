/**
 * The API of npm discovery-channel 5.5.1, so that `npm i discovery-channel@npm:@shoal/discovery-channel` replaces it.
 * The second name is what `require()` of this ES module returns (Node 20.19 and later): the function itself.
 */
export { discoveryChannel as default, discoveryChannel as 'module.exports' } from '@shoal/discovery'
