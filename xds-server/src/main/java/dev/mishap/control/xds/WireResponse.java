package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A {@code DiscoveryResponse} or {@code DeltaDiscoveryResponse} as its parts: the resources' bytes are shared by all who get them, only
 * the few around them are made for this one.
 */
final class WireResponse {
    private final List<Object> parts;
    private final byte[] envelope;
    private final int size;

    private WireResponse(List<Object> parts, byte[] envelope) {
        this.parts = parts;
        this.envelope = envelope;
        int sum = envelope.length;
        for (Object part : parts) {
            sum += part instanceof ByteString body ? body.size() : ((byte[]) part).length;
        }
        this.size = sum;
    }

    static WireResponse stateOfTheWorld(String typeUrl, Collection<Resource> resources, String version, String nonce) {
        List<Object> parts = new ArrayList<>(2 * resources.size());
        for (Resource resource : resources) {
            parts.add(resource.wire().stateHead());
            parts.add(resource.wire().body());
        }
        return new WireResponse(parts, envelope(typeUrl, version, nonce, List.of()));
    }

    static WireResponse delta(
            String typeUrl, Collection<Resource> resources, Collection<String> removed, String version, String nonce) {
        List<Object> parts = new ArrayList<>(2 * resources.size());
        for (Resource resource : resources) {
            parts.add(resource.wire().deltaHead());
            parts.add(resource.wire().body());
        }
        return new WireResponse(parts, envelope(typeUrl, version, nonce, removed));
    }

    static WireResponse heartbeat(
            String typeUrl, Collection<Resource> resources, boolean stateOfTheWorld, String version, String nonce) {
        List<Object> parts = new ArrayList<>(resources.size());
        for (Resource resource : resources) {
            parts.add(resource.wire().heartbeat(stateOfTheWorld));
        }
        return new WireResponse(parts, envelope(typeUrl, version, nonce, List.of()));
    }

    int size() {
        return size;
    }

    InputStream stream() {
        return new Bytes();
    }

    /** version = 1, type_url = 4, nonce = 5 in both messages; removed_resources = 6 in delta. */
    private static byte[] envelope(String typeUrl, String version, String nonce, Collection<String> removed) {
        int size = CodedOutputStream.computeStringSize(1, version)
                + CodedOutputStream.computeStringSize(4, typeUrl)
                + CodedOutputStream.computeStringSize(5, nonce);
        for (String name : removed) {
            size += CodedOutputStream.computeStringSize(6, name);
        }
        byte[] bytes = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.writeString(1, version);
            out.writeString(4, typeUrl);
            out.writeString(5, nonce);
            for (String name : removed) {
                out.writeString(6, name);
            }
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new AssertionError("an array of the right size", e);
        }
        return bytes;
    }

    private void writeTo(OutputStream target) throws IOException {
        target.write(envelope);
        for (Object part : parts) {
            if (part instanceof ByteString body) {
                body.writeTo(target);
            } else {
                target.write((byte[]) part);
            }
        }
    }

    /** gRPC asks for the length and drains; reading is for transports that do not, as the in-process one of tests. */
    private final class Bytes extends InputStream implements Drainable, KnownLength {
        private boolean drained;
        private byte[] copy = new byte[0];
        private int position = -1;

        @Override
        public int drainTo(OutputStream target) throws IOException {
            if (position >= 0) {
                int rest = copy.length - position;
                target.write(copy, position, rest);
                position = copy.length;
                return rest;
            }
            if (drained) {
                return 0;
            }
            drained = true;
            writeTo(target);
            return size;
        }

        @Override
        public int available() {
            if (position >= 0) {
                return copy.length - position;
            }
            return drained ? 0 : size;
        }

        @Override
        public int read() throws IOException {
            prepare();
            return position < copy.length ? copy[position++] & 0xff : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            prepare();
            if (position >= copy.length) {
                return length == 0 ? 0 : -1;
            }
            int n = Math.min(length, copy.length - position);
            System.arraycopy(copy, position, into, offset, n);
            position += n;
            return n;
        }

        private void prepare() throws IOException {
            if (position < 0) {
                java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream(size);
                if (!drained) {
                    writeTo(bytes);
                }
                copy = bytes.toByteArray();
                position = 0;
            }
        }
    }
}
