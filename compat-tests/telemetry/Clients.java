import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A producer and a consumer that push their metrics. `java Clients.java BOOTSTRAP` subscribes to everything of clients whose id begins with
 * "pushing", lets them work for some intervals, and prints their instance ids: the producer's, the consumer's.
 */
public class Clients {
  static final String TOPIC = "pushed";

  public static void main(String[] args) throws Exception {
    Properties shared = new Properties();
    shared.put("bootstrap.servers", args[0]);
    try (Admin admin = Admin.create(shared)) {
      subscribe(admin, Map.of("metrics", "*", "interval.ms", "500", "match", "client_id=pushing.*"));
      admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
    }
    try (KafkaProducer<String, String> producer = producer(shared);
        KafkaConsumer<String, String> consumer = consumer(shared)) {
      consumer.subscribe(List.of(TOPIC));
      String producerId = producer.clientInstanceId(Duration.ofSeconds(30)).toString();
      int records = 0;
      int sent = 0;
      long end = System.currentTimeMillis() + 5_000;
      while (System.currentTimeMillis() < end || records == 0) {
        producer.send(new ProducerRecord<>(TOPIC, "value " + sent++)).get();
        records += consumer.poll(Duration.ofMillis(100)).count();
      }
      String consumerId = consumer.clientInstanceId(Duration.ofSeconds(30)).toString();
      System.out.println("{\"producer\":\"" + producerId + "\",\"consumer\":\"" + consumerId + "\",\"sent\":" + sent + "}");
    }
  }

  static void subscribe(Admin admin, Map<String, String> settings) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "everything");
    List<AlterConfigOp> changes =
        settings.entrySet().stream()
            .map(one -> new AlterConfigOp(new ConfigEntry(one.getKey(), one.getValue()), AlterConfigOp.OpType.SET))
            .toList();
    admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
  }

  static KafkaProducer<String, String> producer(Properties shared) {
    Properties settings = new Properties();
    settings.putAll(shared);
    settings.put("client.id", "pushing-producer");
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  static KafkaConsumer<String, String> consumer(Properties shared) {
    Properties settings = new Properties();
    settings.putAll(shared);
    settings.put("client.id", "pushing-consumer");
    settings.put("group.id", "pushing-group");
    settings.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }
}
