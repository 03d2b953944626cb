package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.Node;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who is at the other end of a stream, as it said in its first message. An Envoy's node is 61 KB, nearly all of it a list of extensions
 * that is the same for all of its build: that part is kept once for all of them, and nothing of the node is lost.
 *
 * <p>Equal by everything the node said.
 */
public final class NodeInfo {
    private final String id;
    private final String cluster;
    private final String region;
    private final String zone;
    private final String subZone;
    private final String userAgent;
    private final String userAgentVersion;
    private final Map<String, String> facts;
    private final ByteString rest;
    private final NodeExtensions extensions;

    NodeInfo(NodeReader.Parts parts) {
        id = parts.id;
        cluster = parts.cluster;
        region = parts.region;
        zone = parts.zone;
        subZone = parts.subZone;
        userAgent = parts.userAgent;
        userAgentVersion = parts.userAgentVersion;
        facts = parts.facts;
        rest = parts.rest;
        extensions = parts.extensions;
    }

    /** For tests and for nodes that come as a message. */
    public static NodeInfo of(Node node) {
        return new NodeReader().read(node.toByteString());
    }

    public String id() {
        return id;
    }

    public String cluster() {
        return cluster;
    }

    public String region() {
        return region;
    }

    public String zone() {
        return zone;
    }

    public String subZone() {
        return subZone;
    }

    /** {@code envoy}, {@code gRPC Java} …; empty when not told. */
    public String userAgent() {
        return userAgent;
    }

    /** {@code 1.40.0}; empty when not told. */
    public String userAgentVersion() {
        return userAgentVersion;
    }

    /**
     * The leaves of the metadata that are strings, numbers and booleans, by their dotted path: {@code labels.app} → {@code shop}. At most
     * {@value NodeReader#MAX_FACTS}, of at most {@value NodeReader#MAX_FACT_LENGTH} characters; longer ones are left out.
     */
    public Map<String, String> facts() {
        return facts;
    }

    /** All of the metadata, parsed anew by each call. */
    public Struct metadata() {
        return toSmallNode().getMetadata();
    }

    /** The names of the extensions that it has, such as {@code envoy.filters.http.fault}; empty when it does not tell. */
    public Set<String> extensions() {
        return extensions.names();
    }

    /** Type URLs of the configurations that its extensions take. */
    public Set<String> extensionTypes() {
        return extensions.typeUrls();
    }

    /** What is kept of it alone, in bytes: all but the list of extensions, which nodes of one build share. */
    int bytes() {
        return rest.size();
    }

    /** The whole node as it came, up to the order of its fields; what a control plane upstream is told. */
    public Node toNode() {
        try {
            return Node.parseFrom(rest.concat(extensions.bytes()));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("it was parsed when it came", e);
        }
    }

    /** The node without its list of extensions, for listings. */
    public Node toSmallNode() {
        try {
            return Node.parseFrom(rest);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("it was parsed when it came", e);
        }
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof NodeInfo n && rest.equals(n.rest) && extensions.equals(n.extensions);
    }

    @Override
    public int hashCode() {
        return Objects.hash(id, cluster);
    }

    @Override
    public String toString() {
        return cluster.isEmpty() ? id : cluster + '/' + id;
    }
}
