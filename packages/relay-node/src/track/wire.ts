import type { Group, Track } from '@moq/net';

/**
 * What the protocol layer (`@moq/net`) uses of a group while it serves it.
 *
 * Its own classes cannot be implemented from outside, because they have private members. These interfaces are cut
 * out of them, so a change of theirs shows up when types are checked, and the two functions below are the only
 * places that claim more than they know.
 */
export type WireGroup = Pick<Group.Consumer, 'sequence' | 'readFrame' | 'readFrameSequence' | 'close'>;

/** What the protocol layer uses of a subscription while it serves it. */
export interface WireSubscription extends Pick<
  Track.Subscriber,
  'name' | 'info' | 'subscription' | 'latest' | 'largest' | 'startAt' | 'endAt' | 'update' | 'close'
> {
  recvGroup(): Promise<WireGroup | undefined>;
  tryRecvGroup(): WireGroup | undefined;
  recvDatagram(): Promise<Track.Datagram | undefined>;
  fork(options?: Track.Subscription): WireSubscription;
}

/** Hands a group of ours to the protocol layer. */
export function toWireGroup(group: WireGroup): Group.Consumer {
  return group as unknown as Group.Consumer;
}

/** Hands a subscription of ours to the protocol layer. */
export function toWireSubscription(subscription: WireSubscription): Track.Subscriber {
  return subscription as unknown as Track.Subscriber;
}
