package dev.mishap.proxy.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Duration;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the writer writes, the protobuf library reads. */
class ProtoWriterTest {
    @Test
    void a_discovery_request() throws Exception {
        ProtoWriter w = new ProtoWriter();
        w.string(1, "v1");
        int node = w.begin(2);
        w.string(1, "id é").string(2, "cluster");
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("s", "text");
        metadata.put("n", 1.5);
        metadata.put("zero", 0.0);
        metadata.put("no", false);
        metadata.put("list", Arrays.asList("a", null, List.of(), Map.of()));
        metadata.put("map", Map.of("deep", Map.of("deeper", "x".repeat(200))));
        w.struct(3, metadata);
        w.end(node);
        w.stringAlways(3, "a").stringAlways(3, "").string(4, "type").string(5, "");

        DiscoveryRequest read = DiscoveryRequest.parseFrom(w.toByteArray());

        Value deeper = string("x".repeat(200));
        Struct expected = Struct.newBuilder()
                .putFields("s", string("text"))
                .putFields("n", Value.newBuilder().setNumberValue(1.5).build())
                .putFields("zero", Value.newBuilder().setNumberValue(0).build())
                .putFields("no", Value.newBuilder().setBoolValue(false).build())
                .putFields(
                        "list",
                        Value.newBuilder()
                                .setListValue(ListValue.newBuilder()
                                        .addValues(string("a"))
                                        .addValues(Value.newBuilder().setNullValue(NullValue.NULL_VALUE))
                                        .addValues(Value.newBuilder().setListValue(ListValue.getDefaultInstance()))
                                        .addValues(Value.newBuilder().setStructValue(Struct.getDefaultInstance())))
                                .build())
                .putFields("map", struct("deep", struct("deeper", deeper)))
                .build();
        assertThat(read)
                .isEqualTo(DiscoveryRequest.newBuilder()
                        .setVersionInfo("v1")
                        .setNode(Node.newBuilder()
                                .setId("id é")
                                .setCluster("cluster")
                                .setMetadata(expected))
                        .addResourceNames("a")
                        .addResourceNames("")
                        .setTypeUrl("type")
                        .build());
    }

    private static Value string(String s) {
        return Value.newBuilder().setStringValue(s).build();
    }

    private static Value struct(String key, Value value) {
        return Value.newBuilder()
                .setStructValue(Struct.newBuilder().putFields(key, value))
                .build();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152})
    void a_nested_message_of_any_length(int length) throws Exception {
        ProtoWriter inner = new ProtoWriter();
        inner.string(1, "y".repeat(length));
        ProtoWriter w = new ProtoWriter(1);
        w.any(1, "a.B", inner);

        Any read = Any.parseFrom(nested(w.toByteArray()));

        assertThat(read.getTypeUrl()).isEqualTo("type.googleapis.com/a.B");
        assertThat(read.getValue().size()).isEqualTo(inner.size());
    }

    private static byte[] nested(byte[] outer) throws Exception {
        CodedInputStream in = CodedInputStream.newInstance(outer);
        in.readTag();
        byte[] bytes = in.readByteArray();
        assertThat(in.isAtEnd()).isTrue();
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1_500_000_000L, -1, -1_500_000_000L, Long.MAX_VALUE})
    void a_duration(long nanos) throws Exception {
        ProtoWriter w = new ProtoWriter();
        w.time(1, nanos);

        Duration read = Duration.parseFrom(nested(w.toByteArray()));

        assertThat(read.getSeconds() * 1_000_000_000 + read.getNanos()).isEqualTo(nanos);
        assertThat(read.getSeconds() * read.getNanos()).isNotNegative();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, -1, 127, 128, Long.MAX_VALUE, Long.MIN_VALUE})
    void a_varint(long value) throws Exception {
        ProtoWriter w = new ProtoWriter();
        w.varint(1, value)
                .fixed64(2, value)
                .fixed32(3, 7)
                .bool(4, true)
                .number(5, 0.25)
                .varint(6, 0);

        CodedInputStream in = CodedInputStream.newInstance(w.toByteArray());

        assertThat(in.readTag()).isEqualTo(1 << 3);
        assertThat(in.readInt64()).isEqualTo(value);
        assertThat(in.readTag()).isEqualTo(2 << 3 | 1);
        assertThat(in.readFixed64()).isEqualTo(value);
        assertThat(in.readTag()).isEqualTo(3 << 3 | 5);
        assertThat(in.readFixed32()).isEqualTo(7);
        assertThat(in.readTag()).isEqualTo(4 << 3);
        assertThat(in.readBool()).isTrue();
        assertThat(in.readTag()).isEqualTo(5 << 3 | 1);
        assertThat(in.readDouble()).isEqualTo(0.25);
        assertThat(in.isAtEnd()).isTrue();
    }
}
