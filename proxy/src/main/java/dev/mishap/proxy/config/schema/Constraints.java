package dev.mishap.proxy.config.schema;
final class Constraints { static void check(MessageNode node) {} }
