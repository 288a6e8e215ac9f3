import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeProducersOptions;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The Java client's scenarios. Run once against one broker: `java Scenarios.java BOOTSTRAP KIND`. Each prints one line
 * of JSON, {"scenario", "answer"} or {"scenario", "error"}; java.test.ts compares the answers of the two brokers.
 */
public class Scenarios {
  interface Play {
    Object run(String name) throws Exception;
  }

  static final ObjectMapper json =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);
  static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    play("creates, describes, extends and deletes topics", Scenarios::topics);
    play("names the errors of wrong topics", Scenarios::wrongTopics);
    play("describes every setting of a topic", Scenarios::topicSettings);
    play("describes the cluster", Scenarios::cluster);
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd"))
      play("writes and reads records compressed with " + codec, name -> compressed(name, codec));
    play("keeps headers, nulls, timestamps and leader epochs", Scenarios::shapes);
    play("refuses records that are too large", Scenarios::tooLarge);
    play("keeps the order of an idempotent producer with five requests in flight", Scenarios::idempotent);
    play("finds offsets by time, the first, the last and the one of the largest time", Scenarios::offsets);
    play("seeks into a batch and out of range", Scenarios::seeks);
    play("deletes records", Scenarios::deleteRecords);
    play("keeps committed offsets with metadata and epoch", Scenarios::commits);
    play("lists, describes, alters and deletes groups", Scenarios::groups);
    play("finds directories, producers, quorum and features", Scenarios::inspects);
    play("elects, reassigns and moves as far as one node goes", Scenarios::rearranges);
    play("deletes offsets of a group", Scenarios::offsetDeletion);
    for (String assignor : List.of("Range", "RoundRobin", "Sticky", "CooperativeSticky"))
      play("shares partitions by the " + assignor + " assignor", name -> shares(name, assignor));
    play("keeps a static member's partitions while it is away", Scenarios::staticMember);
    play("fences a static member whose name is taken over", Scenarios::fencedStaticMember);
    play("subscribes to topics by pattern", Scenarios::pattern);
    if (args[1].equals("loggerhead")) {
      play("is refused transactions at once", Scenarios::noTransactions);
      play("is refused the consumer protocol at once", Scenarios::noConsumerProtocol);
    }
  }

  static void play(String scenario, Play play) throws Exception {
    Map<String, Object> line = new TreeMap<>(Map.of("scenario", scenario));
    try {
      line.put("answer", play.run("java-" + scenario.toLowerCase().replaceAll("[^a-z0-9]+", "-")));
    } catch (Throwable error) {
      line.put("error", error + (error.getCause() == null ? "" : " because of " + error.getCause()) + " at " + List.of(error.getStackTrace()).stream().limit(6).toList());
    }
    System.out.println(json.writeValueAsString(line));
  }

  static Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", bootstrap, "default.api.timeout.ms", 20_000, "request.timeout.ms", 15_000));
  }

  static KafkaProducer<String, String> producer(Object... settings) {
    Properties all = properties(settings);
    all.putIfAbsent("delivery.timeout.ms", 20_000);
    all.putIfAbsent("request.timeout.ms", 15_000);
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  static KafkaConsumer<String, String> consumer(Object... settings) {
    Properties all = properties(settings);
    all.putIfAbsent("auto.offset.reset", "earliest");
    all.putIfAbsent("enable.auto.commit", "false");
    return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
  }

  static Properties properties(Object... settings) {
    Properties all = new Properties();
    all.put("bootstrap.servers", bootstrap);
    for (int at = 0; at < settings.length; at += 2) all.put(settings[at], settings[at + 1]);
    return all;
  }

  static void create(Admin admin, String topic, int partitions) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    until("topic " + topic, () -> errorOf(admin.describeTopics(List.of(topic)).allTopicNames()).equals("none"));
  }

  static void until(String what, BooleanSupplier condition) throws Exception {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) throw new IllegalStateException("waited in vain for " + what);
      Thread.sleep(20);
    }
  }

  static String errorOf(KafkaFuture<?> future) {
    try {
      future.get();
      return "none";
    } catch (ExecutionException error) {
      return error.getCause().getClass().getSimpleName();
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }

  static String errorOf(Play play) {
    try {
      play.run("");
      return "none";
    } catch (ExecutionException error) {
      return error.getCause().getClass().getSimpleName();
    } catch (Exception error) {
      return error.getClass().getSimpleName();
    }
  }

  static void send(KafkaProducer<String, String> producer, String topic, int partition, int from, int to) {
    for (int value = from; value < to; value++)
      producer.send(new ProducerRecord<>(topic, partition, null, "" + value));
    producer.flush();
  }

  static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int count) {
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (records.size() < count) {
      if (System.nanoTime() > deadline) throw new IllegalStateException("read " + records.size() + " of " + count);
      consumer.poll(Duration.ofMillis(200)).forEach(records::add);
    }
    return records;
  }

  static Object topics(String name) throws Exception {
    try (Admin admin = admin()) {
      Map<String, Object> answer = new TreeMap<>();
      NewTopic topic = new NewTopic(name, 3, (short) 1).configs(Map.of("retention.ms", "1000000"));
      var created = admin.createTopics(List.of(topic));
      answer.put("created", created.numPartitions(name).get() + "/" + created.replicationFactor(name).get());
      answer.put("configs", created.config(name).get().get("retention.ms").value());
      until("topic", () -> errorOf(admin.describeTopics(List.of(name)).allTopicNames()).equals("none"));
      var described = admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
      answer.put("isInternal", described.isInternal());
      answer.put("idsAgree", described.topicId().equals(created.topicId(name).get()));
      answer.put("partitions", described.partitions().stream()
          .map(p -> p.partition() + " " + p.replicas().size() + " " + p.isr().size() + " " + (p.leader() != null)).toList());
      answer.put("listed", admin.listTopics().names().get().contains(name));
      answer.put("internalListed", admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get().contains("__consumer_offsets"));
      answer.put("extended", errorOf(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5))).all()));
      answer.put("checkedOnly", errorOf(admin.createTopics(List.of(new NewTopic(name + "-check", 1, (short) 1)),
          new CreateTopicsOptions().validateOnly(true)).all()));
      answer.put("deleted", errorOf(admin.deleteTopics(List.of(name)).all()));
      until("deletion", () -> errorOf(admin.describeTopics(List.of(name)).allTopicNames()).equals("UnknownTopicOrPartitionException"));
      admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
      until("topic", () -> errorOf(admin.describeTopics(List.of(name)).allTopicNames()).equals("none"));
      var again = admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
      answer.put("newId", !again.topicId().equals(described.topicId()));
      return answer;
    }
  }

  static Object wrongTopics(String name) throws Exception {
    try (Admin admin = admin()) {
      create(admin, name, 2);
      Map<String, Object> answer = new TreeMap<>();
      answer.put("exists", errorOf(admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all()));
      answer.put("copies", errorOf(admin.createTopics(List.of(new NewTopic(name + 1, 1, (short) 3))).all()));
      answer.put("partitions", errorOf(admin.createTopics(List.of(new NewTopic(name + 1, 0, (short) 1))).all()));
      answer.put("name", errorOf(admin.createTopics(List.of(new NewTopic("a b", 1, (short) 1))).all()));
      create(admin, name + ".dots", 1);
      answer.put("collision", errorOf(admin.createTopics(List.of(new NewTopic(name + "_dots", 1, (short) 1))).all()));
      answer.put("twice", errorOf(admin.createTopics(List.of(new NewTopic(name + 2, 1, (short) 1),
          new NewTopic(name + 2, 1, (short) 1))).all()));
      answer.put("config", errorOf(admin.createTopics(List.of(
          new NewTopic(name + 1, 1, (short) 1).configs(Map.of("segment.bytes", "1")))).all()));
      answer.put("assignment", errorOf(admin.createTopics(List.of(new NewTopic(name + 1, Map.of(0, List.of(77))))).all()));
      answer.put("fewer", errorOf(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(1))).all()));
      answer.put("same", errorOf(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(2))).all()));
      answer.put("extendUnknown", errorOf(admin.createPartitions(Map.of("none", NewPartitions.increaseTo(2))).all()));
      answer.put("deleteUnknown", errorOf(admin.deleteTopics(List.of("none")).all()));
      answer.put("describeUnknown", errorOf(admin.describeTopics(List.of("none")).allTopicNames()));
      answer.put("describeInvalid", errorOf(admin.describeTopics(List.of("a/b")).allTopicNames()));
      answer.put("settingsOfUnknown", errorOf(admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, "none"))).all()));
      return answer;
    }
  }

  static Object topicSettings(String name) throws Exception {
    try (Admin admin = admin()) {
      create(admin, name, 1);
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
      Map<String, Object> answer = new TreeMap<>();
      for (var entry : admin.describeConfigs(List.of(resource)).all().get().get(resource).entries())
        answer.put(entry.name(), entry.value() + " " + entry.source() + " " + entry.type() + " " + entry.isReadOnly());
      return answer;
    }
  }

  static Object cluster(String name) throws Exception {
    try (Admin admin = admin()) {
      var cluster = admin.describeCluster();
      var nodes = cluster.nodes().get();
      return Map.of("nodes", nodes.size(), "idLength", cluster.clusterId().get().length(),
          "controlled", nodes.contains(cluster.controller().get()),
          "addressed", nodes.stream().map(node -> node.host() + ":" + node.port()).toList().equals(List.of(bootstrap)));
    }
  }

  static Object compressed(String name, String codec) throws Exception {
    try (Admin admin = admin(); var producer = producer("compression.type", codec, "linger.ms", 20);
        var consumer = consumer()) {
      create(admin, name, 1);
      for (int value = 0; value < 200; value++)
        producer.send(new ProducerRecord<>(name, "key " + value, ("value " + value).repeat(10)));
      producer.flush();
      consumer.assign(List.of(new TopicPartition(name, 0)));
      return read(consumer, 200).stream().map(record -> record.offset() + " " + record.key() + " " + record.value()).toList();
    }
  }

  static Object shapes(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer(); var consumer = consumer()) {
      create(admin, name, 1);
      var headers = List.of(new RecordHeader("a", "1".getBytes(StandardCharsets.UTF_8)), new RecordHeader("a", null), new RecordHeader("", new byte[0]));
      producer.send(new ProducerRecord<>(name, 0, 1_700_000_000_000L, null, null, List.copyOf(headers)));
      producer.send(new ProducerRecord<>(name, 0, 1_700_000_000_001L, "", ""));
      producer.send(new ProducerRecord<>(name, 0, 0L, "k", (String) null));
      producer.flush();
      consumer.assign(List.of(new TopicPartition(name, 0)));
      return read(consumer, 3).stream().map(record -> {
        Map<String, Object> seen = new TreeMap<>();
        seen.put("key", record.key());
        seen.put("value", record.value());
        seen.put("time", record.timestampType() + " " + record.timestamp());
        seen.put("epoch", record.leaderEpoch().orElse(-1));
        List<String> names = new ArrayList<>();
        record.headers().forEach(header -> names.add(header.key() + "=" + (header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8))));
        seen.put("headers", names);
        return seen;
      }).toList();
    }
  }

  static Object tooLarge(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer("max.request.size", 10_000_000, "buffer.memory", 40_000_000L)) {
      create(admin, name, 1);
      Map<String, Object> answer = new TreeMap<>();
      for (int size : List.of(1_000_000, 1_048_576, 2_000_000))
        answer.put("" + size, errorOf((Play) __ -> producer.send(new ProducerRecord<>(name, "x".repeat(size))).get()));
      return answer;
    }
  }

  static Object idempotent(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer("batch.size", 500, "max.in.flight.requests.per.connection", 5);
        var consumer = consumer()) {
      create(admin, name, 1);
      List<java.util.concurrent.Future<RecordMetadata>> sent = new ArrayList<>();
      for (int value = 0; value < 5_000; value++) sent.add(producer.send(new ProducerRecord<>(name, 0, null, "" + value)));
      producer.flush();
      Set<Long> offsets = new HashSet<>();
      for (var each : sent) offsets.add(each.get().offset());
      consumer.assign(List.of(new TopicPartition(name, 0)));
      var records = read(consumer, 5_000);
      boolean inOrder = true;
      for (int at = 0; at < records.size(); at++)
        inOrder &= records.get(at).value().equals("" + at) && records.get(at).offset() == at;
      return Map.of("offsets", offsets.size(), "records", records.size(), "inOrder", inOrder);
    }
  }

  static Object offsets(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer(); var consumer = consumer()) {
      create(admin, name, 2);
      TopicPartition partition = new TopicPartition(name, 0);
      TopicPartition empty = new TopicPartition(name, 1);
      for (long time : List.of(10, 50, 30, 20)) {
        producer.send(new ProducerRecord<>(name, 0, 1_700_000_000_000L + time, null, "" + time));
      }
      producer.flush();
      Map<String, Object> answer = new TreeMap<>();
      for (long time : List.of(0, 10, 11, 31, 50, 51)) {
        var found = consumer.offsetsForTimes(Map.of(partition, 1_700_000_000_000L + time)).get(partition);
        answer.put("at " + time, found == null ? "none" : found.offset() + " " + (found.timestamp() - 1_700_000_000_000L) + " " + found.leaderEpoch());
      }
      answer.put("beginning", consumer.beginningOffsets(List.of(partition, empty)).values().stream().sorted().toList());
      answer.put("end", consumer.endOffsets(List.of(partition, empty)).values().stream().sorted().toList());
      for (var spec : Map.of("earliest", OffsetSpec.earliest(), "latest", OffsetSpec.latest(), "max", OffsetSpec.maxTimestamp(), "local", OffsetSpec.earliestLocal()).entrySet())
        for (TopicPartition asked : List.of(partition, empty)) {
          var found = admin.listOffsets(Map.of(asked, spec.getValue())).partitionResult(asked).get();
          answer.put(spec.getKey() + " " + asked.partition(), found.offset() + " " + (found.timestamp() < 0 ? -1 : found.timestamp() - 1_700_000_000_000L) + " " + found.leaderEpoch());
        }
      answer.put("unknown", errorOf(admin.listOffsets(Map.of(new TopicPartition(name, 9), OffsetSpec.latest()), new org.apache.kafka.clients.admin.ListOffsetsOptions().timeoutMs(2_000)).all()));
      return answer;
    }
  }

  static Object seeks(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer("linger.ms", 100, "compression.type", "lz4");
        var consumer = consumer("auto.offset.reset", "none", "group.id", name, "isolation.level", "read_committed")) {
      create(admin, name, 1);
      send(producer, name, 0, 0, 50);
      TopicPartition partition = new TopicPartition(name, 0);
      consumer.assign(List.of(partition));
      Map<String, Object> answer = new TreeMap<>();
      consumer.seek(partition, 33);
      answer.put("middle", read(consumer, 17).stream().map(ConsumerRecord::offset).toList());
      consumer.seekToBeginning(List.of(partition));
      answer.put("first", read(consumer, 1).get(0).offset());
      consumer.seekToEnd(List.of(partition));
      answer.put("end", consumer.position(partition));
      consumer.seek(partition, 1_000);
      answer.put("beyond", errorOf((Play) __ -> read(consumer, 1)));
      answer.put("lag", consumer.currentLag(partition).isPresent());
      try (var fresh = consumer("auto.offset.reset", "none", "group.id", name + "-fresh")) {
        fresh.assign(List.of(partition));
        answer.put("noOffset", errorOf((Play) __ -> read(fresh, 1)));
      }
      return answer;
    }
  }

  static Object deleteRecords(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer(); var consumer = consumer()) {
      create(admin, name, 1);
      send(producer, name, 0, 0, 20);
      TopicPartition partition = new TopicPartition(name, 0);
      Map<String, Object> answer = new TreeMap<>();
      answer.put("low", admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(7))).lowWatermarks().get(partition).get().lowWatermark());
      answer.put("beyond", errorOf(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(21))).all()));
      answer.put("beginning", consumer.beginningOffsets(List.of(partition)).get(partition));
      consumer.assign(List.of(partition));
      answer.put("first", read(consumer, 1).get(0).offset());
      return answer;
    }
  }

  static Object commits(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer(); var consumer = consumer("group.id", name)) {
      create(admin, name, 2);
      send(producer, name, 0, 0, 10);
      TopicPartition first = new TopicPartition(name, 0);
      TopicPartition second = new TopicPartition(name, 1);
      consumer.subscribe(List.of(name));
      read(consumer, 10);
      Map<String, Object> answer = new TreeMap<>();
      consumer.commitSync(Map.of(first, new OffsetAndMetadata(4, Optional.of(0), "a note ☃"), second, new OffsetAndMetadata(0, "")));
      answer.put("committed", consumer.committed(Set.of(first, second)).entrySet().stream().map(Object::toString).sorted().toList());
      answer.put("tooLong", errorOf((Play) __ -> { consumer.commitSync(Map.of(first, new OffsetAndMetadata(5, "m".repeat(5_000)))); return null; }));
      answer.put("listed", admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get().entrySet().stream().map(Object::toString).sorted().toList());
      consumer.unsubscribe();
      consumer.assign(List.of(first));
      answer.put("position", consumer.position(first));
      return answer;
    }
  }

  static Object groups(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer()) {
      create(admin, name, 1);
      send(producer, name, 0, 0, 10);
      Map<String, Object> answer = new TreeMap<>();
      TopicPartition partition = new TopicPartition(name, 0);
      try (var consumer = consumer("group.id", name, "client.id", "reader")) {
        consumer.subscribe(List.of(name));
        read(consumer, 10);
        consumer.commitSync();
        ConsumerGroupDescription group = admin.describeConsumerGroups(List.of(name)).all().get().get(name);
        answer.put("described", group.groupState() + " " + group.partitionAssignor() + " " + group.isSimpleConsumerGroup() + " " + group.type());
        answer.put("members", group.members().stream().map(member -> member.clientId() + " " + member.host() + " " + member.assignment().topicPartitions()).toList());
        answer.put("deleteInUse", errorOf(admin.deleteConsumerGroups(List.of(name)).all()));
        answer.put("alterInUse", errorOf(admin.alterConsumerGroupOffsets(name, Map.of(partition, new OffsetAndMetadata(1))).all()));
      }
      answer.put("listed", admin.listGroups().all().get().stream().filter(group -> group.groupId().equals(name)).map(group -> group.protocol() + " " + group.type() + " " + group.groupState()).toList());
      answer.put("altered", errorOf(admin.alterConsumerGroupOffsets(name, Map.of(partition, new OffsetAndMetadata(3, "moved"))).all()));
      answer.put("offsets", admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get().toString());
      answer.put("alterUnknown", errorOf(admin.alterConsumerGroupOffsets(name, Map.of(new TopicPartition("none", 0), new OffsetAndMetadata(3))).all()));
      answer.put("deleted", errorOf(admin.deleteConsumerGroups(List.of(name)).all()));
      answer.put("deletedAgain", errorOf(admin.deleteConsumerGroups(List.of(name)).all()));
      answer.put("describeUnknown", errorOf(admin.describeConsumerGroups(List.of(name)).all()));
      answer.put("offsetsOfUnknown", admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get().toString());
      return answer;
    }
  }

  static Object inspects(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer()) {
      create(admin, name, 1);
      send(producer, name, 0, 0, 3);
      Map<String, Object> answer = new TreeMap<>();
      TopicPartition partition = new TopicPartition(name, 0);
      var directories = admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);
      answer.put("directories", directories.values().stream().map(directory -> directory.error() == null).toList());
      answer.put("room", directories.values().stream().allMatch(directory -> directory.totalBytes().getAsLong() > directory.usableBytes().getAsLong()));
      answer.put("replica", directories.values().stream().map(directory -> directory.replicaInfos().get(partition))
          .map(replica -> (replica.size() > 0) + " " + replica.offsetLag() + " " + replica.isFuture()).toList());
      var places = admin.describeReplicaLogDirs(List.of(new TopicPartitionReplica(name, 0, 1))).all().get().values();
      answer.put("future", places.stream().map(place -> place.getFutureReplicaLogDir() + " " + place.getFutureReplicaOffsetLag()).toList());
      var producers = admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers();
      answer.put("producers", producers.stream().map(one -> one.producerEpoch() + " " + one.lastSequence() + " "
          + one.coordinatorEpoch() + " " + one.currentTransactionStartOffset()).toList());
      answer.put("producersOfUnknown", errorOf(admin.describeProducers(List.of(new TopicPartition(name, 9)),
          new DescribeProducersOptions().brokerId(1)).all()));
      var quorum = admin.describeMetadataQuorum().quorumInfo().get();
      answer.put("quorum", quorum.leaderId() + " " + quorum.voters().size() + " " + quorum.observers().size() + " " + quorum.nodes().keySet());
      answer.put("highWatermark", quorum.highWatermark() > 0 && quorum.voters().get(0).lastFetchTimestamp().isPresent());
      var features = admin.describeFeatures().featureMetadata().get();
      answer.put("metadata", features.finalizedFeatures().get("metadata.version").maxVersionLevel());
      var update = Map.of("metadata.version", new FeatureUpdate((short) 99, FeatureUpdate.UpgradeType.UPGRADE));
      answer.put("update", errorOf(admin.updateFeatures(update, new UpdateFeaturesOptions()).all()));
      return answer;
    }
  }

  static Object rearranges(String name) throws Exception {
    try (Admin admin = admin()) {
      create(admin, name, 1);
      Map<String, Object> answer = new TreeMap<>();
      TopicPartition partition = new TopicPartition(name, 0);
      TopicPartition unknown = new TopicPartition(name, 9);
      for (ElectionType type : ElectionType.values()) {
        var elected = admin.electLeaders(type, Set.of(partition, unknown)).partitions().get();
        answer.put("elected " + type, new TreeMap<>(elected.entrySet().stream().collect(Collectors.toMap(
            one -> one.getKey().partition(), one -> one.getValue().get().getClass().getSimpleName()))));
      }
      answer.put("elected all", admin.electLeaders(ElectionType.PREFERRED, null).partitions().get().containsKey(partition));
      for (List<Integer> replicas : List.of(List.of(1), List.of(2), List.of(1, 2))) {
        var wanted = Map.of(partition, Optional.of(new NewPartitionReassignment(replicas)));
        answer.put("to " + replicas, errorOf(admin.alterPartitionReassignments(wanted).all()));
      }
      answer.put("cancelled", errorOf(admin.alterPartitionReassignments(Map.of(partition, Optional.empty())).all()));
      answer.put("unknown", errorOf(admin.alterPartitionReassignments(Map.of(unknown, Optional.empty())).all()));
      answer.put("listed", admin.listPartitionReassignments().reassignments().get().size());
      var replica = new TopicPartitionReplica(name, 0, 1);
      String here = admin.describeReplicaLogDirs(List.of(replica)).all().get().get(replica).getCurrentReplicaLogDir();
      answer.put("moved here", errorOf(admin.alterReplicaLogDirs(Map.of(replica, here)).all()));
      answer.put("moved nowhere", errorOf(admin.alterReplicaLogDirs(Map.of(replica, "/nowhere")).all()));
      return answer;
    }
  }

  static Object offsetDeletion(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer(); var consumer = consumer("group.id", name)) {
      create(admin, name, 2);
      send(producer, name, 0, 0, 3);
      Map<String, Object> answer = new TreeMap<>();
      TopicPartition partition = new TopicPartition(name, 0);
      consumer.subscribe(List.of(name));
      read(consumer, 3);
      consumer.commitSync();
      answer.put("subscribed", errorOf(admin.deleteConsumerGroupOffsets(name, Set.of(partition)).partitionResult(partition)));
      consumer.close();
      answer.put("left", errorOf(admin.deleteConsumerGroupOffsets(name, Set.of(partition)).all()));
      answer.put("offsets", admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get().keySet().toString());
      TopicPartition unknown = new TopicPartition("none", 0);
      answer.put("unknown", errorOf(admin.deleteConsumerGroupOffsets(name, Set.of(unknown)).partitionResult(unknown)));
      answer.put("noGroup", errorOf(admin.deleteConsumerGroupOffsets(name + "-none", Set.of(partition)).all()));
      return answer;
    }
  }

  /** A member of a group, polled by hand; notes what it is given and what is taken from it. */
  static class Member implements ConsumerRebalanceListener, AutoCloseable {
    final KafkaConsumer<String, String> consumer;
    final List<String> events = new ArrayList<>();

    Member(String topic, Object... settings) {
      List<Object> all = new ArrayList<>(List.of(settings));
      all.addAll(List.of("session.timeout.ms", 10_000, "heartbeat.interval.ms", 200, "max.poll.interval.ms", 20_000));
      consumer = consumer(all.toArray());
      consumer.subscribe(List.of(topic), this);
    }

    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) events.add("revoked " + partitions.size());
    }

    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) events.add("assigned " + partitions.size());
    }

    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      events.add("lost " + partitions.size());
    }

    int poll() {
      consumer.poll(Duration.ofMillis(50));
      return consumer.assignment().size();
    }

    public void close() {
      consumer.close();
    }
  }

  static Object shares(String name, String assignor) throws Exception {
    Object[] settings = {"group.id", name, "partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor + "Assignor"};
    try (Admin admin = admin()) {
      create(admin, name, 4);
      try (Member first = new Member(name, settings)) {
        until("all partitions", () -> first.poll() == 4);
        List<String> secondEvents;
        Set<Integer> together = new TreeSet<>();
        try (Member second = new Member(name, settings)) {
          until("two each", () -> first.poll() == 2 & second.poll() == 2);
          for (Member member : List.of(first, second))
            member.consumer.assignment().forEach(partition -> together.add(partition.partition()));
          secondEvents = second.events;
        }
        until("all partitions again", () -> first.poll() == 4);
        return Map.of("together", together, "first", first.events, "second", secondEvents);
      }
    }
  }

  static Object staticMember(String name) throws Exception {
    Object[] one = {"group.id", name, "group.instance.id", "one"};
    Object[] two = {"group.id", name, "group.instance.id", "two"};
    try (Admin admin = admin(); Member first = new Member(name, one)) {
      create(admin, name, 4);
      Map<String, Object> answer = new TreeMap<>();
      Set<TopicPartition> before;
      try (Member second = new Member(name, two)) {
        until("two each", () -> first.poll() == 2 & second.poll() == 2);
        before = Set.copyOf(second.consumer.assignment());
      }
      for (int polls = 0; polls < 10; polls++) first.poll();
      answer.put("while away", first.consumer.assignment().size());
      try (Member second = new Member(name, two)) {
        until("its partitions", () -> first.poll() >= 0 & second.poll() == 2);
        answer.put("same", before.equals(second.consumer.assignment()));
      }
      answer.put("last event of the first", first.events.get(first.events.size() - 1));
      answer.put("removed", errorOf(admin.removeMembersFromConsumerGroup(name, new org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions(
          List.of(new org.apache.kafka.clients.admin.MemberToRemove("two")))).all()));
      until("all partitions", () -> first.poll() == 4);
      return answer;
    }
  }

  static Object fencedStaticMember(String name) throws Exception {
    Object[] settings = {"group.id", name, "group.instance.id", "one"};
    try (Admin admin = admin(); Member first = new Member(name, settings)) {
      create(admin, name, 2);
      until("all partitions", () -> first.poll() == 2);
      try (Member second = new Member(name, settings)) {
        until("all partitions", () -> second.poll() == 2);
        String[] fenced = {"none"};
        until("the fence", () -> !(fenced[0] = errorOf((Play) __ -> first.poll())).equals("none"));
        return Map.of("fenced", fenced[0], "second", second.events);
      }
    }
  }

  static Object pattern(String name) throws Exception {
    try (Admin admin = admin(); var producer = producer(); var consumer = consumer("group.id", name, "metadata.max.age.ms", 300)) {
      create(admin, name + "-a", 1);
      consumer.subscribe(java.util.regex.Pattern.compile(java.util.regex.Pattern.quote(name) + "-.*"));
      send(producer, name + "-a", 0, 0, 3);
      Set<String> topics = new TreeSet<>(read(consumer, 3).stream().map(ConsumerRecord::topic).toList());
      create(admin, name + "-b", 1);
      send(producer, name + "-b", 0, 0, 3);
      topics.addAll(read(consumer, 3).stream().map(ConsumerRecord::topic).collect(Collectors.toSet()));
      return topics;
    }
  }

  static Object noTransactions(String name) throws Exception {
    long began = System.nanoTime();
    try (var producer = producer("transactional.id", name, "max.block.ms", 30_000, "transaction.timeout.ms", 10_000)) {
      String error = errorOf((Play) __ -> { producer.initTransactions(); return null; });
      return Map.of("error", error, "atOnce", System.nanoTime() - began < 10_000_000_000L);
    }
  }

  static Object noConsumerProtocol(String name) throws Exception {
    long began = System.nanoTime();
    try (Admin admin = admin(); var consumer = consumer("group.id", name, "group.protocol", "consumer")) {
      create(admin, name, 1);
      consumer.subscribe(List.of(name));
      String error = errorOf((Play) __ -> read(consumer, 1));
      return Map.of("error", error, "atOnce", System.nanoTime() - began < 10_000_000_000L);
    }
  }
}
