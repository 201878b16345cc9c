/**
 * What the replicas of a control plane tell one another beside the store: who is connected, what nodes acknowledged, what functions
 * logged. Nothing of it is kept.
 */
export interface Bus {
  /**
   * Tells everybody who listens to the topic, in this process too, in the order of the calls. `message` is JSON, of 8 MiB at most. It is lost for those
   * who can not be reached, so that nothing may depend on one message having come. Never throws.
   */
  publish(topic: string, message: unknown): void
  /** Calls back with each message, until the returned function is called. What comes from other processes is to be validated. */
  subscribe(topic: string, listener: (message: unknown) => void): () => void
  close(): Promise<void>
}
