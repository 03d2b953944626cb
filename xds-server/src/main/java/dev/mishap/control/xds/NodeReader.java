package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.WireFormat;
import io.envoyproxy.envoy.config.core.v3.BuildVersion;
import io.envoyproxy.envoy.config.core.v3.Extension;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.type.v3.SemanticVersion;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Reads nodes from their bytes, without making objects of the hundreds of extensions that it knows already. */
final class NodeReader {
    static final int MAX_FACTS = 256;
    static final int MAX_FACT_LENGTH = 1024;

    /** Builds whose list of extensions is kept; a fleet has a few. Beyond them a list is kept with its node. */
    private static final int MAX_BUILDS = 128;

    private static final int ID = 1;
    private static final int CLUSTER = 2;
    private static final int METADATA = 3;
    private static final int LOCALITY = 4;
    private static final int USER_AGENT_NAME = 6;
    private static final int USER_AGENT_VERSION = 7;
    private static final int USER_AGENT_BUILD_VERSION = 8;
    private static final int EXTENSIONS = 9;

    /** What has been read so far. */
    static final class Parts {
        String id = "";
        String cluster = "";
        String region = "";
        String zone = "";
        String subZone = "";
        String userAgent = "";
        String userAgentVersion = "";
        ByteString metadata = ByteString.EMPTY;
        Map<String, String> facts = Map.of();
        ByteString rest = ByteString.EMPTY;
        NodeExtensions extensions = NodeExtensions.NONE;
    }

    private final Map<ByteString, NodeExtensions> builds = new ConcurrentHashMap<>();

    /** @throws IllegalArgumentException when these bytes are no node */
    NodeInfo read(ByteString bytes) {
        try {
            return new NodeInfo(parts(bytes));
        } catch (IOException e) {
            throw new IllegalArgumentException("node: " + e.getMessage(), e);
        }
    }

    private Parts parts(ByteString bytes) throws IOException {
        Parts parts = new Parts();
        ByteString.Output rest = ByteString.newOutput(256);
        ByteString.Output extensions = ByteString.newOutput(256);
        CodedInputStream in = bytes.newCodedInput();
        int start = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case ID -> parts.id = in.readStringRequireUtf8();
                case CLUSTER -> parts.cluster = in.readStringRequireUtf8();
                case METADATA -> parts.metadata = parts.metadata.concat(in.readBytes());
                case LOCALITY -> locality(Locality.parseFrom(in.readBytes()), parts);
                case USER_AGENT_NAME ->
                    parts.userAgent = in.readStringRequireUtf8().intern();
                case USER_AGENT_VERSION ->
                    parts.userAgentVersion = in.readStringRequireUtf8().intern();
                case USER_AGENT_BUILD_VERSION ->
                    parts.userAgentVersion = version(BuildVersion.parseFrom(in.readBytes()));
                default -> in.skipField(tag);
            }
            int end = in.getTotalBytesRead();
            (WireFormat.getTagFieldNumber(tag) == EXTENSIONS ? extensions : rest)
                    .write(bytes.substring(start, end).toByteArray());
            start = end;
        }
        parts.rest = rest.toByteString();
        parts.extensions = extensions(extensions.toByteString());
        parts.facts = facts(Struct.parseFrom(parts.metadata));
        return parts;
    }

    private NodeExtensions extensions(ByteString bytes) throws InvalidProtocolBufferException, IOException {
        if (bytes.isEmpty()) {
            return NodeExtensions.NONE;
        }
        NodeExtensions known = builds.get(bytes);
        if (known != null) {
            return known;
        }
        Set<String> names = new LinkedHashSet<>();
        Set<String> types = new LinkedHashSet<>();
        CodedInputStream in = bytes.newCodedInput();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            Extension extension = Extension.parseFrom(in.readBytes());
            names.add(extension.getName());
            types.addAll(extension.getTypeUrlsList());
        }
        NodeExtensions extensions = new NodeExtensions(bytes, Set.copyOf(names), Set.copyOf(types));
        if (builds.size() >= MAX_BUILDS) {
            return extensions;
        }
        NodeExtensions other = builds.putIfAbsent(bytes, extensions);
        return other == null ? extensions : other;
    }

    private static void locality(Locality locality, Parts parts) {
        parts.region = locality.getRegion().intern();
        parts.zone = locality.getZone().intern();
        parts.subZone = locality.getSubZone().intern();
    }

    private static String version(BuildVersion version) {
        SemanticVersion v = version.getVersion();
        return (v.getMajorNumber() + "." + v.getMinorNumber() + "." + v.getPatch()).intern();
    }

    private static Map<String, String> facts(Struct metadata) {
        if (metadata.getFieldsCount() == 0) {
            return Map.of();
        }
        Map<String, String> facts = new HashMap<>();
        collect("", metadata, facts);
        return Map.copyOf(facts);
    }

    private static void collect(String prefix, Struct struct, Map<String, String> facts) {
        for (Map.Entry<String, Value> field : struct.getFieldsMap().entrySet()) {
            if (facts.size() >= MAX_FACTS) {
                return;
            }
            String path = prefix + field.getKey();
            Value value = field.getValue();
            switch (value.getKindCase()) {
                case STRUCT_VALUE -> collect(path + '.', value.getStructValue(), facts);
                case STRING_VALUE -> fact(path, value.getStringValue(), facts);
                case BOOL_VALUE -> fact(path, Boolean.toString(value.getBoolValue()), facts);
                case NUMBER_VALUE -> fact(path, number(value.getNumberValue()), facts);
                default -> {
                    // Lists and nulls are no facts to select by.
                }
            }
        }
    }

    private static void fact(String path, String value, Map<String, String> facts) {
        if (path.length() <= MAX_FACT_LENGTH && value.length() <= MAX_FACT_LENGTH) {
            facts.put(path, value);
        }
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }
}
