package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Message;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One resource as it is served: serialised once, whoever and however many get it.
 *
 * <p>Equal by type, name, version, time to live and aliases, so that an update which changes nothing reaches nobody.
 */
public final class Resource {
    private final String typeUrl;
    private final String name;
    private final String version;
    private final ByteString body;
    private final @Nullable Duration ttl;
    private final List<String> aliases;
    private final long fingerprint;
    private final ResourceWire wire;
    private volatile @Nullable String endpoints;

    private Resource(
            String typeUrl,
            String name,
            String version,
            ByteString body,
            @Nullable Duration ttl,
            List<String> aliases) {
        this.typeUrl = Objects.requireNonNull(typeUrl, "typeUrl");
        this.name = Objects.requireNonNull(name, "name");
        this.version = Objects.requireNonNull(version, "version");
        this.body = Objects.requireNonNull(body, "body");
        this.ttl = ttl;
        this.aliases = List.copyOf(aliases);
        if (ttl != null && (ttl.isNegative() || ttl.isZero())) {
            throw new IllegalArgumentException("ttl of " + name + ": must be > 0s, got " + ttl);
        }
        this.fingerprint = fingerprint(name, version);
        this.wire = new ResourceWire(this);
    }

    /** A message whose name is its first field, as that of every type in {@link TypeUrls} is; the version is a hash of its bytes. */
    public static Resource of(Message message) {
        ByteString body = message.toByteString();
        return of(TypeUrls.of(message.getDescriptorForType().getFullName()), firstField(body), body);
    }

    /** The version is a hash of the bytes. */
    public static Resource of(String typeUrl, String name, ByteString body) {
        return of(typeUrl, name, contentVersion(body), body);
    }

    /** With a version that someone else gave it, such as a control plane upstream of ours. */
    public static Resource of(String typeUrl, String name, String version, ByteString body) {
        return new Resource(typeUrl, name, version, body, null, List.of());
    }

    /**
     * The same, gone from the client after {@code ttl} without a heartbeat; the server sends one every third of it. For runtime layers
     * and extension configurations with a default only: Envoy 1.40 crashes when the time to live of a route configuration ends (state of
     * the world) or does not heed it (delta).
     */
    public Resource withTtl(@Nullable Duration ttl) {
        return new Resource(typeUrl, name, version, body, ttl, aliases);
    }

    /** The same under more names, as a virtual host on demand has ({@code <route configuration>/<domain>}); delta only. */
    public Resource withAliases(List<String> aliases) {
        return new Resource(typeUrl, name, version, body, ttl, aliases);
    }

    public String typeUrl() {
        return typeUrl;
    }

    public String name() {
        return name;
    }

    public String version() {
        return version;
    }

    /** The message, serialised. */
    public ByteString body() {
        return body;
    }

    public @Nullable Duration ttl() {
        return ttl;
    }

    public List<String> aliases() {
        return aliases;
    }

    /** See {@link ClusterEndpoints#of}; looked up once for all who get the cluster. */
    String endpoints() {
        String known = endpoints;
        if (known == null) {
            known = ClusterEndpoints.of(this);
            endpoints = known;
        }
        return known;
    }

    ResourceWire wire() {
        return wire;
    }

    /** What this resource adds to the version of a set: sums of these tell sets apart and follow a change without a look at the rest. */
    long fingerprint() {
        return fingerprint;
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Resource r
                && fingerprint == r.fingerprint
                && name.equals(r.name)
                && version.equals(r.version)
                && typeUrl.equals(r.typeUrl)
                && Objects.equals(ttl, r.ttl)
                && aliases.equals(r.aliases);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(fingerprint);
    }

    @Override
    public String toString() {
        return typeUrl.substring(typeUrl.lastIndexOf('.') + 1) + ' ' + name + '@' + version;
    }

    private static String contentVersion(ByteString body) {
        MessageDigest sha = sha256();
        sha.update(body.asReadOnlyByteBuffer());
        return HexFormat.of().formatHex(sha.digest(), 0, 8);
    }

    private static long fingerprint(String name, String version) {
        MessageDigest sha = sha256();
        sha.update(name.getBytes(StandardCharsets.UTF_8));
        sha.update((byte) 0);
        byte[] digest = sha.digest(version.getBytes(StandardCharsets.UTF_8));
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << 8 | digest[i] & 0xff;
        }
        return value;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static String firstField(ByteString body) {
        try {
            CodedInputStream in = body.newCodedInput();
            int tag = in.readTag();
            if (WireFormat.getTagFieldNumber(tag) != 1) {
                throw new IllegalArgumentException("the resource has no name");
            }
            return in.readStringRequireUtf8();
        } catch (IOException e) {
            throw new IllegalArgumentException("the resource's first field is not its name", e);
        }
    }
}
