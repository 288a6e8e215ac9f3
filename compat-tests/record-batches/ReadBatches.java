import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** Reads record batches, one in hex a line, with Kafka's own classes, and prints what they find as a line of JSON. */
public class ReadBatches {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ArrayNode batches = JSON.createArrayNode();
            MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(HEX.parseHex(line)));
            for (MutableRecordBatch batch : records.batches()) batches.add(describe(batch));
            System.out.println(JSON.writeValueAsString(batches));
        }
    }

    private static ObjectNode describe(MutableRecordBatch batch) {
        batch.ensureValid();
        ObjectNode json = JSON.createObjectNode();
        json.put("compression", batch.compressionType().name);
        json.put("baseOffset", batch.baseOffset());
        json.put("lastOffset", batch.lastOffset());
        json.put("leaderEpoch", batch.partitionLeaderEpoch());
        json.put("timestampType", batch.timestampType().name);
        json.put("maxTimestamp", batch.maxTimestamp());
        json.put("producerId", batch.producerId());
        json.put("producerEpoch", batch.producerEpoch());
        json.put("baseSequence", batch.baseSequence());
        json.put("lastSequence", batch.lastSequence());
        json.put("transactional", batch.isTransactional());
        json.put("control", batch.isControlBatch());
        json.put("deleteHorizonMs", batch.deleteHorizonMs().orElse(-1));
        json.put("crc", batch.checksum());
        json.put("bytes", batch.sizeInBytes());
        ArrayNode records = json.putArray("records");
        for (Record record : batch) {
            record.ensureValid();
            records.add(describe(record));
        }
        return json;
    }

    private static ObjectNode describe(Record record) {
        ObjectNode json = JSON.createObjectNode();
        json.put("offset", record.offset());
        json.put("timestamp", record.timestamp());
        json.put("key", hex(record.key()));
        json.put("value", hex(record.value()));
        ArrayNode headers = json.putArray("headers");
        for (Header header : record.headers()) {
            byte[] value = header.value();
            headers.addArray().add(header.key()).add(value == null ? null : HEX.formatHex(value));
        }
        return json;
    }

    private static String hex(ByteBuffer buffer) {
        if (buffer == null) return null;
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return HEX.formatHex(bytes);
    }
}
