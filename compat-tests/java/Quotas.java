import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DeleteTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Quotas with the Java client: `java Quotas.java BOOTSTRAP PLAY` prints one line of JSON. */
public class Quotas {
  static final ObjectMapper json =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);
  static final long QUOTA = 1_000_000;
  static final double SECONDS = 10;
  static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    Object answer = args[1].equals("admin") ? admin("java-quotas") : rates("java-quota-rates");
    System.out.println(json.writeValueAsString(answer));
    System.exit(0);
  }

  static Admin connect(String clientId) {
    return Admin.create(Map.of("bootstrap.servers", bootstrap, "client.id", clientId));
  }

  static ClientQuotaEntity entity(String... typesAndNames) {
    Map<String, String> entries = new HashMap<>();
    for (int at = 0; at < typesAndNames.length; at += 2) entries.put(typesAndNames[at], typesAndNames[at + 1]);
    return new ClientQuotaEntity(entries);
  }

  static KafkaFuture<Void> set(Admin admin, ClientQuotaEntity entity, Object... keysAndValues) {
    List<ClientQuotaAlteration.Op> ops = new ArrayList<>();
    for (int at = 0; at < keysAndValues.length; at += 2) {
      Number value = (Number) keysAndValues[at + 1];
      ops.add(new ClientQuotaAlteration.Op((String) keysAndValues[at], value == null ? null : value.doubleValue()));
    }
    return admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, ops))).all();
  }

  static String errorOf(KafkaFuture<?> future) throws InterruptedException {
    try {
      future.get();
      return "none";
    } catch (ExecutionException error) {
      return error.getCause().getClass().getSimpleName() + ": " + error.getCause().getMessage();
    }
  }

  static Object find(Admin admin, boolean strict, ClientQuotaFilterComponent... components) throws Exception {
    ClientQuotaFilter filter =
        strict ? ClientQuotaFilter.containsOnly(List.of(components)) : ClientQuotaFilter.contains(List.of(components));
    Map<String, String> found = new TreeMap<>();
    admin.describeClientQuotas(filter).entities().get().forEach((entity, quotas) -> {
      // Other suites have quotas of their own on this broker.
      String whom = new TreeMap<>(entity.entries()).toString();
      if (whom.contains("java-quotas")) found.put(whom, new TreeMap<>(quotas).toString());
    });
    return found;
  }

  static Object admin(String name) throws Exception {
    Map<String, Object> answer = new TreeMap<>();
    try (Admin admin = connect("java-quotas-admin")) {
      ClientQuotaEntity user = entity("user", name);
      ClientQuotaEntity both = entity("user", name, "client-id", null);
      answer.put("set", List.of(
          errorOf(set(admin, user, "producer_byte_rate", 1000, "request_percentage", 12.5)),
          errorOf(set(admin, both, "consumer_byte_rate", 2000)),
          errorOf(set(admin, entity("client-id", name), "controller_mutation_rate", 1))));
      answer.put("refused", List.of(
          errorOf(set(admin, user, "producer_byte_rate", -1)),
          errorOf(set(admin, user, "producer_byte_rate", 0.5)),
          errorOf(set(admin, user, "speed", 1)),
          errorOf(set(admin, entity("ip", "10.0.0.1", "user", name), "connection_creation_rate", 1)),
          errorOf(set(admin, entity("ip", "not an address"), "connection_creation_rate", 1)),
          errorOf(set(admin, entity("user", ""), "producer_byte_rate", 1))));
      Thread.sleep(500);
      answer.put("all", find(admin, false));
      answer.put("user", find(admin, false, ClientQuotaFilterComponent.ofEntity("user", name)));
      answer.put("user strict", find(admin, true, ClientQuotaFilterComponent.ofEntity("user", name)));
      answer.put("pairs", find(admin, true, ClientQuotaFilterComponent.ofEntityType("user"), ClientQuotaFilterComponent.ofDefaultEntity("client-id")));
      answer.put("removed", errorOf(set(admin, user, "producer_byte_rate", null, "request_percentage", null)));
      Thread.sleep(500);
      answer.put("left", find(admin, false));
      answer.put("mutations", mutations(name));
      return answer;
    }
  }

  /** One partition a second, of which eleven are saved up. */
  static Object mutations(String name) throws Exception {
    try (Admin limited = connect(name)) {
      CreateTopicsOptions now = new CreateTopicsOptions().retryOnQuotaViolation(false);
      List<String> answers = new ArrayList<>();
      answers.add(errorOf(limited.createTopics(List.of(new NewTopic(name, 20, (short) 1)), now).all()));
      answers.add(errorOf(limited.createTopics(List.of(new NewTopic(name + "-2", 1, (short) 1)), now).all()));
      answers.add(errorOf(limited.createPartitions(Map.of(name, NewPartitions.increaseTo(21)), new CreatePartitionsOptions().retryOnQuotaViolation(false)).all()));
      answers.add(errorOf(limited.deleteTopics(List.of(name), new DeleteTopicsOptions().retryOnQuotaViolation(false)).all()));
      return answers;
    }
  }

  static Object rates(String name) throws Exception {
    try (Admin admin = connect(name + "-admin")) {
      admin.createTopics(List.of(new NewTopic(name + "-written", 1, (short) 1), new NewTopic(name + "-read", 1, (short) 1))).all().get();
      fill(name + "-read");
      set(admin, entity("client-id", name), "producer_byte_rate", QUOTA, "consumer_byte_rate", QUOTA).get();
    }
    Map<String, Object> answer = new TreeMap<>();
    Thread producing = new Thread(() -> produce(name, answer));
    producing.start();
    consume(name, answer);
    producing.join();
    return answer;
  }

  static KafkaProducer<byte[], byte[]> producer(String clientId) {
    Properties all = new Properties();
    all.putAll(Map.of("bootstrap.servers", bootstrap, "client.id", clientId, "delivery.timeout.ms", 60_000, "request.timeout.ms", 30_000));
    return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static void fill(String topic) {
    try (var producer = producer("java-quota-filler")) {
      for (int sent = 0; sent < 1.5 * SECONDS * QUOTA; sent += 10_000) producer.send(new ProducerRecord<>(topic, new byte[10_000]));
    }
  }

  static void produce(String name, Map<String, Object> answer) {
    AtomicLong acknowledged = new AtomicLong();
    KafkaProducer<byte[], byte[]> producer = producer(name);
    producer.partitionsFor(name + "-written");
    long began = System.nanoTime();
    while (secondsSince(began) < SECONDS) {
      producer.send(new ProducerRecord<>(name + "-written", new byte[10_000]), (record, error) -> {
        if (error == null && secondsSince(began) < SECONDS) acknowledged.addAndGet(10_000);
      });
    }
    synchronized (answer) {
      answer.put("produced", acknowledged.get() / SECONDS / QUOTA);
      answer.put("producer was told", metric(producer.metrics(), "produce-throttle-time-max") > 0);
    }
    producer.close(Duration.ZERO);
  }

  static void consume(String name, Map<String, Object> answer) {
    Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "client.id", name);
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(name + "-read", 0);
      consumer.assign(List.of(partition));
      consumer.seek(partition, 0);
      long[] bytes = {0};
      long began = 0;
      while (began == 0 || secondsSince(began) < SECONDS) {
        var records = consumer.poll(Duration.ofMillis(100));
        if (began == 0 && !records.isEmpty()) began = System.nanoTime();
        records.forEach(record -> bytes[0] += record.value().length);
      }
      synchronized (answer) {
        answer.put("consumed", bytes[0] / secondsSince(began) / QUOTA);
        answer.put("consumer was told", metric(consumer.metrics(), "fetch-throttle-time-max") > 0);
      }
    }
  }

  static double metric(Map<MetricName, ? extends Metric> metrics, String name) {
    for (var entry : metrics.entrySet())
      if (entry.getKey().name().equals(name)) return (Double) entry.getValue().metricValue();
    throw new IllegalStateException("no metric " + name);
  }

  static double secondsSince(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
