package main

import (
	"fmt"
	"time"
)

const (
	errorNone                = 0
	errorTopicExists         = 36
	errorMemberIDRequired    = 79
	errorRebalanceInProgress = 27
)

// createTopic creates the topic unless it is there, and waits until every partition has a leader.
func createTopic(s *socket, topic string, partitions int, patience time.Duration) error {
	body, err := s.call(createTopicFrame(topic, partitions))
	if err != nil {
		return err
	}
	if code, err := createTopicError(body); err != nil || code != errorNone && code != errorTopicExists {
		return fmt.Errorf("CreateTopics answers error %d (%w)", code, err)
	}
	for give := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		body, err := s.call(metadataFrame(topic))
		if err != nil {
			return err
		}
		leaders, err := leadersIn(body)
		if err != nil {
			return err
		}
		if leaders >= partitions {
			return nil
		}
		if time.Now().After(give) {
			return fmt.Errorf("%d of %d partitions of %s have a leader", leaders, partitions, topic)
		}
	}
}

// offsetOf gives the offset behind the last record of a partition, or that of its first.
func offsetOf(s *socket, topic string, partition int, timestamp int64) (int64, error) {
	body, err := s.call(listOffsetsFrame(topic, partition, timestamp))
	if err != nil {
		return 0, err
	}
	return listedOffset(body)
}

const (
	timestampLatest   = -1
	timestampEarliest = -2
)
