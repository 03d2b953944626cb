package dev.mishap.proxy.config.schema;

/** Messages of google.protobuf that have a form of their own in JSON and in the tree. */
enum WellKnown {
    NONE,
    ANY,
    DURATION,
    TIMESTAMP,
    STRUCT,
    VALUE,
    LIST,
    FIELD_MASK,
    /** BoolValue, UInt32Value …: read as the scalar they wrap. */
    WRAPPER;

    static WellKnown of(String message) {
        if (!message.startsWith("google.protobuf.")) {
            return NONE;
        }
        switch (message.substring("google.protobuf.".length())) {
            case "Any":
                return ANY;
            case "Duration":
                return DURATION;
            case "Timestamp":
                return TIMESTAMP;
            case "Struct":
                return STRUCT;
            case "Value":
                return VALUE;
            case "ListValue":
                return LIST;
            case "FieldMask":
                return FIELD_MASK;
            case "DoubleValue":
            case "FloatValue":
            case "Int64Value":
            case "UInt64Value":
            case "Int32Value":
            case "UInt32Value":
            case "BoolValue":
            case "StringValue":
            case "BytesValue":
                return WRAPPER;
            default:
                return NONE;
        }
    }
}
