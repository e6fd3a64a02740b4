import type { Chance, Clock } from '../../core/clock.ts';
import { grpcStatusOfHttp } from '../codec/grpc/status.ts';
import type { Gate, GateRequest, Refusal, Ticket } from '../message/gate.ts';
import type { Fault } from '../route/fault.ts';
import type { FaultPolicy } from '../route/fault-policy.ts';

/** What the route of a request wants to go wrong. */
export class FaultGate implements Gate {
  readonly text: string;
  readonly #policy: FaultPolicy;
  readonly #clock: Clock;
  readonly #chance: Chance;

  /** @param route its name. */
  constructor(route: string, policy: FaultPolicy, deps: { readonly clock: Clock; readonly chance: Chance }) {
    this.text = `route ${route} delays or aborts requests on purpose (fault)`;
    this.#policy = policy;
    this.#clock = deps.clock;
    this.#chance = deps.chance;
  }

  ask(request: GateRequest): Refusal | Ticket | undefined {
    const fault = this.#policy.draw(request.head, this.#chance);
    if (fault === undefined) return undefined;
    const refusal = refusalOf(fault);
    if (fault.delay === 0) return refusal;
    const ticket = request.hold();
    const timer = this.#clock.after(fault.delay, () => ticket.pass(refusal));
    ticket.onLeave = () => timer.cancel();
    return ticket;
  }
}

/** What the caller is told in the stead of the service; undefined when the request goes on. */
function refusalOf({ abort, problem }: Fault): Refusal | undefined {
  if (problem !== undefined) return { outcome: 'malformed_frame', message: problem };
  if (abort === undefined) return undefined;
  const { status, grpc } = abort;
  // A call of gRPC that meets a status of HTTP takes it for one of its own: what it would take is said at once.
  const grpcStatus = grpc ?? (status === undefined ? undefined : grpcStatusOfHttp(status));
  return { outcome: 'fault', message: 'aborted on purpose, as its route says (fault.abort)', status, grpcStatus };
}
