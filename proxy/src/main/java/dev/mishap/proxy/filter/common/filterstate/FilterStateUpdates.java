package dev.mishap.proxy.filter.common.filterstate;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.LogFormat;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A list of {@code FilterStateValue}: what is set, under which keys. Immutable. */
public final class FilterStateUpdates {
    private static final String MESSAGE = "envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue";

    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(MESSAGE)
            .supported("object_key", "factory_key", "format_string", "skip_if_empty")
            .accepted("read_only", "Envoy replaces values that have it, too")
            .supported("shared_with_upstream"));

    private record Update(
            String key, ObjectKind kind, LogFormat format, boolean skipIfEmpty, FilterStateValue.Sharing sharing) {}

    private final List<Update> updates;

    private FilterStateUpdates(List<Update> updates) {
        this.updates = List.copyOf(updates);
    }

    public static FilterStateUpdates from(List<ConfigNode> nodes) {
        List<Update> updates = new ArrayList<>();
        for (ConfigNode node : nodes) {
            String key = node.string("object_key");
            String factory = node.string("factory_key").isEmpty() ? key : node.string("factory_key");
            ObjectKind kind = ObjectKind.ofFactory(factory);
            if (kind == null) {
                if (factory.startsWith("envoy.")) {
                    throw node.error(
                            node.string("factory_key").isEmpty() ? "object_key" : "factory_key",
                            factory + " is not supported, one of " + ObjectKind.factoryNames() + " is");
                }
                throw new ConfigException("'" + key + "' does not have an object factory");
            }
            FilterStateValue.Sharing sharing = FilterStateValue.Sharing.valueOf(node.enumName("shared_with_upstream"));
            if (kind == ObjectKind.HASHABLE_TEXT && sharing != FilterStateValue.Sharing.NONE) {
                throw node.error(
                        "shared_with_upstream", "is not supported for hashable values; take the factory envoy.string");
            }
            updates.add(new Update(
                    key,
                    kind,
                    LogFormat.from(node.required("format_string")),
                    node.bool("skip_if_empty", false),
                    sharing));
        }
        return new FilterStateUpdates(updates);
    }

    /** Sets the state of a request; what its connection has is not for a request to replace. */
    public void apply(StreamInfo info, HeaderMap request) {
        ConnectionInfo connection = info.connection;
        for (int i = 0; i < updates.size(); i++) {
            Update update = updates.get(i);
            if (connection != null && connection.filterState(update.key()) != null) {
                continue;
            }
            FilterStateValue value = value(update, info, request);
            if (value != null) {
                info.putFilterState(update.key(), value);
            }
        }
    }

    /** Sets the state of a connection. */
    public void apply(ConnectionInfo connection) {
        HeaderMap none = new HeaderMap();
        StreamInfo info = new StreamInfo();
        info.on(connection);
        for (int i = 0; i < updates.size(); i++) {
            Update update = updates.get(i);
            FilterStateValue value = value(update, info, none);
            if (value != null) {
                connection.putFilterState(update.key(), value);
            }
        }
    }

    private static @Nullable FilterStateValue value(Update update, StreamInfo info, HeaderMap request) {
        String text = update.format().format(info, request);
        FilterStateValue value =
                text.isEmpty() && update.skipIfEmpty() ? null : update.kind().make(text);
        return value == null || update.sharing() == FilterStateValue.Sharing.NONE
                ? value
                : value.shared(update.sharing());
    }
}
