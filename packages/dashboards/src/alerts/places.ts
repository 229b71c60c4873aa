/** Who takes part in the made-up pasts that alerts are tested with. */

/** A stream. */
export const stream = { namespace: 'live', broadcast: 'live/one' } as const;
/** A relay. */
export const onRelay = { job: 'moq-relay', instance: 'relay-1:9464' } as const;
/** A collector. */
export const onCollector = { job: 'moq-collector', instance: 'collector-1:8889' } as const;
/** Another collector: players of one stream report to either. */
export const onOtherCollector = { job: 'moq-collector', instance: 'collector-2:8889' } as const;
/** A machine. */
export const onNode = { job: 'node', instance: 'relay-1:9100' } as const;
