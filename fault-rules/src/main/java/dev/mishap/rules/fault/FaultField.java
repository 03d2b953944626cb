package dev.mishap.rules.fault;

/**
 * A field of a fault, for people.
 *
 * @param name as in a rule file
 * @param values unit, range and default, such as {@code 1 to 1048576 bytes} or {@code more than 0s, at most 24h}
 */
public record FaultField(String name, String values) {}
