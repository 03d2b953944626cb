package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.WireReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A response without its resources' content, which are decoded one by one: one that can't be read does not hide the others.
 *
 * @param version {@code version_info} or {@code system_version_info}
 * @param removed {@code removed_resources}; of incremental responses only
 * @param controlPlane the server's name for itself
 */
record Envelope(
        String typeUrl, String version, String nonce, List<Item> items, List<String> removed, String controlPlane) {
    private static final String WRAPPER = "type.googleapis.com/envoy.service.discovery.v3.Resource";
    private static final byte[] NOTHING = {};

    /**
     * One resource.
     *
     * @param name of its wrapper, {@code ""} = its own
     * @param typeUrl of the content
     * @param content encoded; null for a heartbeat, which has none
     * @param ttlNanos 0 = none
     * @param aliases other names by which it was asked for
     */
    record Item(
            String name,
            String version,
            String typeUrl,
            byte @Nullable [] content,
            long ttlNanos,
            List<String> aliases) {}

    /** Whether the response tells of nothing. */
    boolean isEmpty() {
        return items.isEmpty() && removed.isEmpty();
    }

    /** The names and aliases of its resources, with content or without, that {@code wanted} takes. */
    List<String> namesFor(Predicate<String> wanted) {
        List<String> names = new ArrayList<>();
        for (Item item : items) {
            if (wanted.test(item.name())) {
                names.add(item.name());
            }
            for (String alias : item.aliases()) {
                if (wanted.test(alias) && !alias.equals(item.name())) {
                    names.add(alias);
                }
            }
        }
        return names;
    }

    /** Of what the response holds, but for what is new every time. */
    int contentHash() {
        int hash = removed.hashCode();
        for (Item item : items) {
            hash = 31 * hash + item.name().hashCode();
            hash = 31 * hash + Arrays.hashCode(item.content());
        }
        return hash;
    }

    /**
     * Reads a {@code DiscoveryResponse}, or a {@code DeltaDiscoveryResponse} when {@code delta}.
     *
     * @throws ConfigException when it is none
     */
    static Envelope read(byte[] message, boolean delta) {
        WireReader in = new WireReader(message, 0, message.length);
        String typeUrl = "";
        String version = "";
        String nonce = "";
        String controlPlane = "";
        List<Item> items = new ArrayList<>();
        List<String> removed = new ArrayList<>();
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.BYTES -> version = in.utf8();
                case 2 << 3 | WireReader.BYTES -> items.add(delta ? wrapper(in.sub()) : any(in.sub()));
                case 4 << 3 | WireReader.BYTES -> typeUrl = in.utf8();
                case 5 << 3 | WireReader.BYTES -> nonce = in.utf8();
                case 6 << 3 | WireReader.BYTES -> {
                    if (delta) {
                        removed.add(in.utf8());
                    } else {
                        controlPlane = identifier(in.sub());
                    }
                }
                case 7 << 3 | WireReader.BYTES -> controlPlane = identifier(in.sub());
                default -> in.skip(tag);
            }
        }
        return new Envelope(typeUrl, version, nonce, items, removed, controlPlane);
    }

    private static String identifier(WireReader in) {
        String identifier = "";
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag == (1 << 3 | WireReader.BYTES)) {
                identifier = in.utf8();
            } else {
                in.skip(tag);
            }
        }
        return identifier;
    }

    private static Item any(WireReader in) {
        String url = "";
        byte[] value = NOTHING;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.BYTES -> url = in.utf8();
                case 2 << 3 | WireReader.BYTES -> value = in.bytes();
                default -> in.skip(tag);
            }
        }
        return url.equals(WRAPPER)
                ? wrapper(new WireReader(value, 0, value.length))
                : new Item("", "", url, value, 0, List.of());
    }

    private static Item wrapper(WireReader in) {
        String name = "";
        String version = "";
        Item content = null;
        long ttl = 0;
        List<String> aliases = new ArrayList<>(0);
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.BYTES -> version = in.utf8();
                case 2 << 3 | WireReader.BYTES -> content = any(in.sub());
                case 3 << 3 | WireReader.BYTES -> name = in.utf8();
                case 4 << 3 | WireReader.BYTES -> aliases.add(in.utf8());
                case 6 << 3 | WireReader.BYTES -> ttl = duration(in.sub());
                default -> in.skip(tag);
            }
        }
        return content == null
                ? new Item(name, version, "", null, ttl, aliases)
                : new Item(name, version, content.typeUrl(), content.content(), ttl, aliases);
    }

    private static long duration(WireReader in) {
        long seconds = 0;
        long nanos = 0;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case 1 << 3 | WireReader.VARINT -> seconds = in.varint();
                case 2 << 3 | WireReader.VARINT -> nanos = in.varint();
                default -> in.skip(tag);
            }
        }
        long limit = Long.MAX_VALUE / 2_000_000_000L;
        return Math.max(0, Math.min(seconds, limit)) * 1_000_000_000L + Math.max(0, Math.min(nanos, 999_999_999));
    }
}
