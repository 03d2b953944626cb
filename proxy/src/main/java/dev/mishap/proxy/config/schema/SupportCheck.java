package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds what a configuration uses and we don't have: fields and messages that no translator lists. */
final class SupportCheck {
    private final Map<String, SupportedFields> table;
    private final List<String> refusals = new ArrayList<>();

    SupportCheck(Map<String, SupportedFields> table) {
        this.table = table;
    }

    List<String> refusals() {
        return refusals;
    }

    void message(MessageNode node) {
        SupportedFields fields = table.get(node.type().name());
        if (fields == null) {
            refuse(node);
            return;
        }
        for (int i = 0; i < node.size(); i++) {
            FieldType field = node.fieldAt(i);
            if (fields.supported().contains(field.name())) {
                if (field.kind() == FieldType.ENUM && !isDefined(field, node.valueAt(i))) {
                    refusals.add(node.error(
                                    field.name(),
                                    "is not a value of " + field.enumType().name())
                            .getMessage());
                }
                values(node.valueAt(i));
            } else if (!fields.accepted().containsKey(field.name())) {
                String instead = fields.instead().get(field.name());
                refusals.add(
                        node.error(field.name(), instead == null ? "is not supported" : "is not supported: " + instead)
                                .getMessage());
            }
        }
    }

    // Protobuf lets any number through; a translator knows only those that have a name.
    private static boolean isDefined(FieldType field, Object value) {
        if (value instanceof List<?> list) {
            for (Object item : list) {
                if (!isDefined(field, item)) {
                    return false;
                }
            }
            return true;
        }
        return !(value instanceof Long number) || field.enumType().nameOf(number.intValue()) != null;
    }

    private void values(Object value) {
        if (value instanceof MessageNode node) {
            if (node.typeUrl() != null && !ExtensionPlaces.fits(node)) {
                if (!isOptional(node.parent())) {
                    refusals.add(unregistered(node) + " (" + node.path() + ")");
                }
            } else if (node.type().wellKnown() == WellKnown.NONE) {
                message(node);
            }
        } else if (value instanceof List<?> list) {
            for (Object item : list) {
                if (!(item instanceof MessageNode)) {
                    return;
                }
                values(item);
            }
        } else if (value instanceof Map<?, ?> map) {
            for (Object item : map.values()) {
                if (!(item instanceof MessageNode)) {
                    return;
                }
                values(item);
            }
        }
    }

    private void refuse(MessageNode node) {
        String url = node.typeUrl();
        if (url == null) {
            refusals.add(node.error("", "is not supported").getMessage());
        } else if (!isOptional(node.parent())) {
            String why = AbsentExtensions.why(node.type().name());
            refusals.add(unregistered(node) + (why == null ? "" : ": " + why) + " (" + node.path() + ")");
        }
    }

    // is_optional of HttpFilter, FilterConfig and ClusterSpecifierPlugin: an extension that is not there is passed
    // over.
    private static boolean isOptional(@Nullable MessageNode holder) {
        if (holder != null && holder.type().name().equals(ExtensionPlaces.TYPED_EXTENSION)) {
            return isOptional(holder.parent());
        }
        if (holder == null) {
            return false;
        }
        FieldType optional = holder.type().field("is_optional");
        return optional != null && Boolean.TRUE.equals(holder.value(optional));
    }

    /** Envoy's words for an extension that it does not have. */
    static String unregistered(MessageNode node) {
        Object place = node.place();
        MessageNode holder = node.parent();
        String name = place instanceof String key ? key : holder == null ? "" : JsonMapping.nameOf(holder);
        return "Didn't find a registered implementation for '" + name + "' with type URL: '"
                + node.type().name() + "'";
    }
}
