use super::*;

fn read(text: &str) -> Vec<FeedEntry> {
    entries("news", text.as_bytes()).unwrap()
}

#[test]
fn rss_2_is_read() {
    let entries = read(
        r#"<?xml version="1.0"?>
        <rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
             xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="urn:media">
        <channel><title>News</title><item>
            <guid isPermaLink="false">post-1</guid><title> One &amp; only </title>
            <link>https://example.com/1</link><media:title>other</media:title>
            <dc:creator>Ada</dc:creator><pubDate>Fri, 02 Jan 2026 12:00:00 GMT</pubDate>
            <description><![CDATA[<p>It began.</p>]]></description>
            <content:encoded>longer</content:encoded>
            <category>a</category><category>b</category>
        </item><item><link>https://example.com/2</link></item>
        <item><description>nothing tells it from others</description></item>
        <item><guid>post-1</guid><title>again</title></item></channel></rss>"#,
    );
    let expected = FeedEntry {
        feed: "news".to_owned(),
        id: "post-1".to_owned(),
        title: "One & only".to_owned(),
        link: Some("https://example.com/1".to_owned()),
        author: Some("Ada".to_owned()),
        published: Some("2026-01-02T12:00:00Z".to_owned()),
        updated: None,
        summary: Some("<p>It began.</p>".to_owned()),
        categories: vec!["a".to_owned(), "b".to_owned()],
    };
    assert_eq!(entries[0], expected);
    assert_eq!(entries[1].id, "https://example.com/2");
    assert_eq!(entries.len(), 2);
}

#[test]
fn rss_1_is_read() {
    let entries = read(
        r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
            xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://example.com"><title>News</title></channel>
        <item rdf:about="https://example.com/1"><title>One</title><link>https://example.com/1?x</link>
            <dc:date>2026-01-02T13:00:00+01:00</dc:date><dc:subject>a</dc:subject></item></rdf:RDF>"#,
    );
    assert_eq!(entries[0].id, "https://example.com/1");
    assert_eq!(entries[0].link.as_deref(), Some("https://example.com/1?x"));
    assert_eq!(
        entries[0].published.as_deref(),
        Some("2026-01-02T12:00:00Z")
    );
    assert_eq!(entries[0].categories, ["a"]);
}

#[test]
fn atom_is_read() {
    let entries = read(
        r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry>
            <id>tag:example.com,2026:1</id><title type="html">One</title>
            <link rel="self" href="https://example.com/self"/><link href="https://example.com/1"/>
            <author><name>Ada</name></author><updated>2026-01-02T12:00:00Z</updated>
            <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">It <b>began</b>.</div></content>
            <category term="a" label="A"/></entry>
            <entry><title>without an id</title></entry></feed>"#,
    );
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(entry.link.as_deref(), Some("https://example.com/1"));
    assert_eq!(entry.author.as_deref(), Some("Ada"));
    assert_eq!(entry.summary.as_deref(), Some("It began."));
    assert_eq!(entry.updated.as_deref(), Some("2026-01-02T12:00:00Z"));
    assert_eq!(
        (entry.published.as_deref(), entry.categories.len()),
        (None, 1)
    );
}

#[test]
fn what_is_no_feed_is_refused() {
    let laughs = r#"<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">
        <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
        <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
        <!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">]>
        <rss><channel><item><guid>&g;</guid></item></channel></rss>"#;
    let many = format!(
        "<rss><channel>{}</channel></rss>",
        "<item/>".repeat(250_000)
    );
    let deep = format!("<rss>{}", "<a>".repeat(100_000));
    for text in [
        "",
        "{}",
        "<html><body/></html>",
        "<rss><channel>",
        laughs,
        &many,
        &deep,
    ] {
        let start: String = text.chars().take(40).collect();
        assert!(entries("news", text.as_bytes()).is_err(), "{start}");
    }
    assert_eq!(read("<rss><channel/></rss>"), []);
}

#[test]
fn entries_and_texts_are_bounded() {
    let item = |n: usize| {
        format!(
            "<item><guid>{n}</guid><title>{}</title></item>",
            "ä".repeat(900)
        )
    };
    let items: String = (0..150).map(item).collect();
    let entries = read(&format!("<rss><channel>{items}</channel></rss>"));
    assert_eq!(entries.len(), MAX_ENTRIES);
    assert_eq!(entries[0].title.chars().count(), 512);
}

#[test]
fn a_feed_of_one_byte_a_character_is_read() {
    let mut bytes = b"<rss><channel><item><guid>1</guid><title>caf".to_vec();
    bytes.push(0xe9);
    bytes.extend(b"</title></item></channel></rss>");
    assert_eq!(entries("news", &bytes).unwrap()[0].title, "caf\u{e9}");
}
