package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a resource in responses: entries of {@code DiscoveryResponse.resources} and {@code DeltaDiscoveryResponse.resources},
 * which happen to have the same field number. Head and body are apart, so that all forms share one body.
 */
final class ResourceWire {
    private static final String WRAPPER = "type.googleapis.com/envoy.service.discovery.v3.Resource";
    private static final int RESOURCES = 2;

    private final Resource resource;
    private volatile byte @Nullable [] stateHead;
    private volatile byte @Nullable [] deltaHead;

    ResourceWire(Resource resource) {
        this.resource = resource;
    }

    /** What precedes the body in the state of the world: an {@code Any}, in a {@code Resource} when it has a time to live. */
    byte[] stateHead() {
        byte[] head = stateHead;
        if (head == null) {
            head = resource.ttl() == null ? anyEntry(resource.typeUrl(), bodySize()) : wrappedHead(true);
            stateHead = head;
        }
        return head;
    }

    /** What precedes the body in a delta response. */
    byte[] deltaHead() {
        byte[] head = deltaHead;
        if (head == null) {
            head = wrappedHead(false);
            deltaHead = head;
        }
        return head;
    }

    ByteString body() {
        return resource.body();
    }

    /** A whole entry without a resource: the one of before lives on. */
    byte[] heartbeat(boolean stateOfTheWorld) {
        byte[] fields = fields();
        return stateOfTheWorld ? concat(anyEntry(WRAPPER, fields.length), fields) : entry(fields, fields.length);
    }

    private int bodySize() {
        return resource.body().size();
    }

    /** The body comes last, so that everything else is before it. */
    private byte[] wrappedHead(boolean stateOfTheWorld) {
        byte[] fields = fields();
        int anyTypeSize = CodedOutputStream.computeStringSize(1, resource.typeUrl());
        int anySize = anyTypeSize + bytesFieldHeadSize(2, bodySize()) + bodySize();
        byte[] head = write(fields.length + bytesFieldHeadSize(2, anySize) + anySize - bodySize(), out -> {
            out.writeRawBytes(fields);
            bytesFieldHead(out, 2, anySize);
            out.writeString(1, resource.typeUrl());
            bytesFieldHead(out, 2, bodySize());
        });
        int size = head.length + bodySize();
        return stateOfTheWorld ? concat(anyEntry(WRAPPER, size), head) : entry(head, size);
    }

    /** name = 3, version = 1, aliases = 4, ttl = 6 of {@code envoy.service.discovery.v3.Resource}. */
    private byte[] fields() {
        Duration ttl = resource.ttl();
        com.google.protobuf.Duration wireTtl = ttl == null
                ? null
                : com.google.protobuf.Duration.newBuilder()
                        .setSeconds(ttl.getSeconds())
                        .setNanos(ttl.getNano())
                        .build();
        int size = CodedOutputStream.computeStringSize(3, resource.name())
                + CodedOutputStream.computeStringSize(1, resource.version())
                + (wireTtl == null ? 0 : CodedOutputStream.computeMessageSize(6, wireTtl));
        for (String alias : resource.aliases()) {
            size += CodedOutputStream.computeStringSize(4, alias);
        }
        return write(size, out -> {
            out.writeString(1, resource.version());
            out.writeString(3, resource.name());
            for (String alias : resource.aliases()) {
                out.writeString(4, alias);
            }
            if (wireTtl != null) {
                out.writeMessage(6, wireTtl);
            }
        });
    }

    /** {@code resources[] = Any{type_url, value}} up to the value's first byte. */
    private static byte[] anyEntry(String typeUrl, int valueSize) {
        int anySize = CodedOutputStream.computeStringSize(1, typeUrl) + bytesFieldHeadSize(2, valueSize) + valueSize;
        return write(bytesFieldHeadSize(RESOURCES, anySize) + anySize - valueSize, out -> {
            bytesFieldHead(out, RESOURCES, anySize);
            out.writeString(1, typeUrl);
            bytesFieldHead(out, 2, valueSize);
        });
    }

    private static byte[] entry(byte[] head, int size) {
        return write(bytesFieldHeadSize(RESOURCES, size) + head.length, out -> {
            bytesFieldHead(out, RESOURCES, size);
            out.writeRawBytes(head);
        });
    }

    private static int bytesFieldHeadSize(int field, int size) {
        return CodedOutputStream.computeTagSize(field) + CodedOutputStream.computeUInt32SizeNoTag(size);
    }

    private static void bytesFieldHead(CodedOutputStream out, int field, int size) throws IOException {
        out.writeTag(field, com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(size);
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] all = new byte[a.length + b.length];
        System.arraycopy(a, 0, all, 0, a.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    private interface Fields {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    private static byte[] write(int size, Fields fields) {
        byte[] bytes = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            fields.writeTo(out);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new AssertionError("an array of the right size", e);
        }
        return bytes;
    }
}
