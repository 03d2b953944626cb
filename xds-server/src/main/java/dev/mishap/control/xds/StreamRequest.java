package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import com.google.rpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A {@code DiscoveryRequest} or {@code DeltaDiscoveryRequest}, read without an object for the node, which most clients send with every
 * message and of which only the first counts.
 */
final class StreamRequest {
    /** A request that no server should hold. */
    static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1;

        TooLargeException(String message) {
            super(message);
        }
    }

    private static final int WIRE_BUFFER = 1024;

    String typeUrl = "";
    String version = "";
    String nonce = "";

    @Nullable
    String error;

    @Nullable
    ByteString node;
    /** All names in the state of the world; those to subscribe to in delta. */
    List<String> names = List.of();

    List<String> unsubscribe = List.of();
    Map<String, String> initialVersions = Map.of();

    private StreamRequest() {}

    static StreamRequest stateOfTheWorld(InputStream in, boolean wantNode, int maxNames) throws IOException {
        StreamRequest request = new StreamRequest();
        CodedInputStream wire = CodedInputStream.newInstance(in, WIRE_BUFFER);
        for (int tag = wire.readTag(); tag != 0; tag = wire.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> request.version = wire.readStringRequireUtf8();
                case 2 -> request.node(wire, tag, wantNode);
                case 3 -> request.names = add(request.names, wire, maxNames);
                case 4 -> request.typeUrl = wire.readStringRequireUtf8();
                case 5 -> request.nonce = wire.readStringRequireUtf8();
                case 6 -> request.error = error(wire);
                default -> wire.skipField(tag);
            }
        }
        return request;
    }

    static StreamRequest delta(InputStream in, boolean wantNode, int maxNames) throws IOException {
        StreamRequest request = new StreamRequest();
        CodedInputStream wire = CodedInputStream.newInstance(in, WIRE_BUFFER);
        for (int tag = wire.readTag(); tag != 0; tag = wire.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> request.node(wire, tag, wantNode);
                case 2 -> request.typeUrl = wire.readStringRequireUtf8();
                case 3 -> request.names = add(request.names, wire, maxNames);
                case 4 -> request.unsubscribe = add(request.unsubscribe, wire, maxNames);
                case 5 -> request.initialVersion(wire, maxNames);
                case 6 -> request.nonce = wire.readStringRequireUtf8();
                case 7 -> request.error = error(wire);
                default -> wire.skipField(tag);
            }
        }
        return request;
    }

    private void node(CodedInputStream wire, int tag, boolean wanted) throws IOException {
        if (wanted) {
            node = wire.readBytes();
        } else {
            wire.skipField(tag);
        }
    }

    private static List<String> add(List<String> names, CodedInputStream wire, int maxNames) throws IOException {
        List<String> more = names.isEmpty() ? new ArrayList<>(4) : names;
        if (more.size() >= maxNames) {
            throw new TooLargeException("more than " + maxNames + " names in one request");
        }
        more.add(wire.readStringRequireUtf8());
        return more;
    }

    private void initialVersion(CodedInputStream wire, int maxNames) throws IOException {
        if (initialVersions.isEmpty()) {
            initialVersions = new LinkedHashMap<>();
        }
        if (initialVersions.size() >= maxNames) {
            throw new TooLargeException("more than " + maxNames + " initial versions in one request");
        }
        String key = "";
        String value = "";
        int limit = wire.pushLimit(wire.readRawVarint32());
        for (int tag = wire.readTag(); tag != 0; tag = wire.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> key = wire.readStringRequireUtf8();
                case 2 -> value = wire.readStringRequireUtf8();
                default -> wire.skipField(tag);
            }
        }
        wire.popLimit(limit);
        initialVersions.put(key, value);
    }

    private static String error(CodedInputStream wire) throws IOException {
        Status status = Status.parseFrom(wire.readBytes());
        return status.getMessage().isEmpty() ? "code " + status.getCode() : status.getMessage();
    }
}
