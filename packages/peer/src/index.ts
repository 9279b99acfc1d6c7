export type {
  Candidate,
  CandidateSource,
  DialOutcome,
  Swarm,
  SwarmJoinOptions,
  SwarmSession,
} from './swarm.ts'
