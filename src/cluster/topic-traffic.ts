/**
 * What clients wrote to a topic and read of it: plain numbers, added to once for each partition of a request, never for a record.
 */
export class TopicTraffic {
  produceRequests = 0
  failedProduceRequests = 0
  messagesIn = 0
  bytesIn = 0
  fetchRequests = 0
  failedFetchRequests = 0
  bytesOut = 0

  add(other: TopicTraffic): void {
    this.produceRequests += other.produceRequests
    this.failedProduceRequests += other.failedProduceRequests
    this.messagesIn += other.messagesIn
    this.bytesIn += other.bytesIn
    this.fetchRequests += other.fetchRequests
    this.failedFetchRequests += other.failedFetchRequests
    this.bytesOut += other.bytesOut
  }
}
