package dev.mishap.proxy.http;

/**
 * What an access log tells of a DNS question.
 *
 * @param answers records in the answer section
 * @param parsed whether the message could be read; else the other fields say nothing
 */
public record DnsFacts(String name, int type, int klass, int answers, boolean parsed) {}
