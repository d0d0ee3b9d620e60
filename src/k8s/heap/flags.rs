//! Flags of HotSpot that are often written, and which JDKs refuse them.

use crate::k8s::image::Image;

/// How a flag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `-XX:+Name` or `-XX:-Name`
    Switch,
    /// `-XX:Name=512m`
    Size,
    /// `-XX:Name=75.0`
    Percentage,
    /// `-XX:Name=5`
    Number,
}

/// A flag of HotSpot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// The oldest JDK on which it was seen to be refused.
    pub(super) gone: Option<u32>,
    /// Whether it has to come behind `-XX:+UnlockExperimentalVMOptions`, on every JDK that has it.
    pub(super) experimental: bool,
}

const fn flag(name: &'static str, shape: Shape) -> Flag {
    Flag { name, shape, gone: None, experimental: false }
}

const fn gone(name: &'static str, shape: Shape, version: u32) -> Flag {
    Flag { name, shape, gone: Some(version), experimental: false }
}

const fn experimental(name: &'static str, shape: Shape, gone: Option<u32>) -> Flag {
    Flag { name, shape, gone, experimental: true }
}

use Shape::{Number, Percentage, Size, Switch};

/// Measured on OpenJDK 11.0.13, 17.0.15, 21.0.8 and 25.0.2, each flag alone with `-version`: `Unrecognized VM option`, exit
/// code 1. In JDKs between those some are refused sooner; nothing is said of them. `MaxPermSize` and its like are ignored
/// with a warning before 17, so that their value is nobody's business.
pub(super) const FLAGS: &[Flag] = &[
    flag("MaxHeapSize", Size),
    flag("InitialHeapSize", Size),
    flag("MinHeapSize", Size),
    flag("NewSize", Size),
    flag("MaxNewSize", Size),
    flag("MetaspaceSize", Size),
    flag("MaxMetaspaceSize", Size),
    flag("CompressedClassSpaceSize", Size),
    flag("ReservedCodeCacheSize", Size),
    flag("InitialCodeCacheSize", Size),
    flag("MaxDirectMemorySize", Size),
    flag("MaxRAM", Size),
    flag("G1HeapRegionSize", Size),
    flag("MaxRAMPercentage", Percentage),
    flag("MinRAMPercentage", Percentage),
    flag("InitialRAMPercentage", Percentage),
    gone("MaxRAMFraction", Number, 25),
    gone("MinRAMFraction", Number, 25),
    gone("InitialRAMFraction", Number, 25),
    flag("MaxGCPauseMillis", Number),
    flag("ParallelGCThreads", Number),
    flag("ConcGCThreads", Number),
    flag("InitiatingHeapOccupancyPercent", Number),
    flag("ActiveProcessorCount", Number),
    flag("UseG1GC", Switch),
    flag("UseParallelGC", Switch),
    flag("UseSerialGC", Switch),
    flag("UseZGC", Switch),
    flag("UseShenandoahGC", Switch),
    flag("UseContainerSupport", Switch),
    flag("AlwaysPreTouch", Switch),
    flag("UseStringDeduplication", Switch),
    flag("ExitOnOutOfMemoryError", Switch),
    flag("CrashOnOutOfMemoryError", Switch),
    flag("HeapDumpOnOutOfMemoryError", Switch),
    flag("UseCompressedOops", Switch),
    flag("UseLargePages", Switch),
    flag("UseNUMA", Switch),
    flag("DisableExplicitGC", Switch),
    flag("TieredCompilation", Switch),
    flag("ParallelRefProcEnabled", Switch),
    flag("UnlockExperimentalVMOptions", Switch),
    flag("UnlockDiagnosticVMOptions", Switch),
    experimental("G1NewSizePercent", Number, None),
    experimental("G1MaxNewSizePercent", Number, None),
    experimental("G1MixedGCLiveThresholdPercent", Number, None),
    experimental("UseEpsilonGC", Switch, None),
    experimental("UseCGroupMemoryLimitForHeap", Switch, Some(11)),
    gone("UseParNewGC", Switch, 11),
    gone("PrintGCDateStamps", Switch, 11),
    gone("PrintGCTimeStamps", Switch, 11),
    gone("PrintGCApplicationStoppedTime", Switch, 11),
    gone("PrintGCApplicationConcurrentTime", Switch, 11),
    gone("PrintGCCause", Switch, 11),
    gone("PrintTenuringDistribution", Switch, 11),
    gone("PrintHeapAtGC", Switch, 11),
    gone("PrintAdaptiveSizePolicy", Switch, 11),
    gone("PrintReferenceGC", Switch, 11),
    gone("PrintPromotionFailure", Switch, 11),
    gone("PrintClassHistogramBeforeFullGC", Switch, 11),
    gone("UseGCLogFileRotation", Switch, 11),
    gone("NumberOfGCLogFiles", Number, 11),
    gone("GCLogFileSize", Size, 11),
    gone("UseFastAccessorMethods", Switch, 11),
    gone("UseStringCache", Switch, 11),
    gone("UnlockCommercialFeatures", Switch, 11),
    gone("UseConcMarkSweepGC", Switch, 17),
    gone("UseParallelOldGC", Switch, 17),
    gone("CMSParallelRemarkEnabled", Switch, 17),
    gone("CMSClassUnloadingEnabled", Switch, 17),
    gone("CMSScavengeBeforeRemark", Switch, 17),
    gone("UseCMSInitiatingOccupancyOnly", Switch, 17),
    gone("CMSInitiatingOccupancyFraction", Number, 17),
    gone("AggressiveOpts", Switch, 17),
    gone("AssumeMP", Switch, 17),
    gone("TraceClassUnloading", Switch, 17),
    gone("UseBiasedLocking", Switch, 21),
];

/// Flags whose value was ignored before they went.
pub(super) const IGNORED: &[(&str, u32)] = &[("MaxPermSize", 17), ("PermSize", 17)];

/// Options that JDK 8 does not have (jdk8u `hotspot/src/share/vm/runtime/arguments.cpp`: `Unrecognized option`, exit code 1).
pub(super) const SINCE_9: &[&str] = &["--add-opens", "--add-exports", "--add-modules", "--add-reads", "-Xlog:"];

/// Images of a JDK whose tag begins with its version.
const BY_TAG: &[&str] = &[
    "openjdk",
    "eclipse-temurin",
    "amazoncorretto",
    "sapmachine",
    "adoptopenjdk",
    "java",
    "azul/zulu-openjdk*",
    "bellsoft/liberica-openj*",
];

/// Images of which a part of the tag names the JDK: `jdk17`, `eclipse-temurin-17`, `java11`.
const BY_PART: &[&str] = &["tomcat", "maven", "gradle", "jetty", "flink", "jenkins/jenkins"];

/// Words before a version in tags and names.
const WORDS: &[&str] =
    &["openjdk-", "openjdk", "jdk-", "jdk", "jre-", "jre", "temurin-", "corretto-", "java-", "java", "zulu-"];

/// The version of HotSpot's JDK that an image tells of, and whether the image is one that is known to tell the truth.
/// OpenJ9 reads other options.
#[must_use]
pub(super) fn java_version(image: &Image<'_>) -> Option<(u32, bool)> {
    let (name, tag) = (image.short_name(), image.tag.unwrap_or_default());
    if is_other_jvm(image) {
        return None;
    }
    let known = |patterns: &[&str]| {
        patterns.iter().any(|pattern| {
            if pattern.contains('/') { image.matches(pattern) } else { image.official && image.repository == *pattern }
        })
    };
    if known(BY_TAG) {
        // `1.8` was a name for 8.
        return leading(tag.strip_prefix("1.8").map_or(tag, |_| "8")).map(|version| (version, true));
    }
    if let Some(version) = within(tag) {
        return Some((version, known(BY_PART)));
    }
    // gcr.io/distroless/java17-debian12, ubi8/openjdk-17
    let by_name = image.matches("distroless/*") || image.matches("ubi*/*");
    within(name).filter(|_| by_name).map(|version| (version, true))
}

/// Whether the image is named for a JVM other than HotSpot, which knows other flags and ignores what it does not know.
pub(super) fn is_other_jvm(image: &Image<'_>) -> bool {
    let others = ["j9", "semeru", "graal", "liberty", "websphere", "ibmjava"];
    others.iter().any(|word| image.repository.contains(word) || image.tag.is_some_and(|tag| tag.contains(word)))
}

fn leading(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok().filter(|version| (6..100).contains(version))
}

/// The version behind a word such as `jdk`.
fn within(text: &str) -> Option<u32> {
    WORDS.iter().find_map(|word| {
        let (before, after) = text.split_once(word)?;
        let starts = before.is_empty() || before.ends_with(|c: char| !c.is_ascii_alphanumeric());
        leading(after).filter(|_| starts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_images() {
        for (image, version) in [
            ("openjdk:8-jre-alpine", Some((8, true))),
            ("openjdk:8u342", Some((8, true))),
            ("docker.io/library/eclipse-temurin:17.0.9_9-jre", Some((17, true))),
            ("amazoncorretto:1.8.0", Some((8, true))),
            ("openjdk", None),
            ("openjdk:latest", None),
            ("adoptopenjdk:11-jre-openj9", None),
            ("ibm-semeru-runtimes:open-17-jre", None),
            ("tomcat:9.0.80-jdk17-temurin-jammy", Some((17, true))),
            ("maven:3.9.6-eclipse-temurin-21", Some((21, true))),
            ("jenkins/jenkins:2.440.1-lts-jdk17", Some((17, true))),
            ("gcr.io/distroless/java17-debian12:nonroot", Some((17, true))),
            ("registry.access.redhat.com/ubi8/openjdk-11:1.18", Some((11, true))),
            ("azul/zulu-openjdk-alpine:21-jre", Some((21, true))),
            ("registry.example.com/shop/cart:2.1-jdk11", Some((11, false))),
            ("registry.example.com/shop/javascript17:1", None),
            ("registry.example.com/openjdk:17", None),
            ("nginx:1.27", None),
        ] {
            assert_eq!(java_version(&Image::parse(image).unwrap()), version, "{image}");
        }
    }

    #[test]
    fn each_flag_stands_once() {
        let mut names: Vec<&str> = FLAGS.iter().map(|flag| flag.name).chain(IGNORED.iter().map(|row| row.0)).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
