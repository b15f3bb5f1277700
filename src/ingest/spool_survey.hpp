// What lies in a spool's directory, found out by reading only.
#pragma once

#include "spool_file.hpp"
#include "spool_frame.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::ingest {

inline constexpr const char* spool_salt_name       = "spool.salt";
inline constexpr const char* spool_checkpoint_name = "spool.checkpoint";
/// A JSON object a line (dead_letter.hpp). Never read by us.
inline constexpr const char* spool_dead_letters_name = "dead-letters.ndjson";
/// A segment is never made larger than its option says plus one frame; the option, than half this.
inline constexpr std::uint64_t max_segment_bytes = std::uint64_t{512} << 20;

/// Sixteen digits and ".segment"; ".damaged" once everything intact in it is done.
std::string segment_name(std::uint64_t sequence);
std::string set_aside_name(std::uint64_t sequence);

struct surveyed_segment {
    std::uint64_t            sequence = 0;  // by its name
    segment_key              key{};         // by its header, else by name and directory
    std::uint64_t            bytes = 0;
    std::uint64_t            torn  = 0;  // at its end, cut off by recovery
    std::vector<frame_place> frames{};   // not done, says the checkpoint
    std::vector<segment_gap> gaps{};     // behind the checkpoint, or of the header (0 records)
};

struct spool_survey {
    std::uint64_t                 salt       = 0;
    bool                          salt_known = false;    // from its file
    std::uint64_t                 next       = 1;        // sequence that was never used
    std::vector<surveyed_segment> segments{};            // the oldest first
    std::uint64_t                 set_aside    = 0;      // files
    bool                          dead_letters = false;  // their file is there

    std::uint64_t pending() const noexcept;  // records
    std::uint64_t damaged() const noexcept;  // records
};

/// Reads everything there is, one segment in memory at a time. Segments that disappear meanwhile
/// are done. What the disk cannot read is damage like any other.
/// Errors : malformed     a file of a newer version, or one that is no segment of ours
///          unavailable   the directory cannot be listed, or a file not be opened for a reason that
///                        is_of_the_moment(); each names the file
result<spool_survey> survey_spool(spool_files& files);

}  // namespace falconer::ingest
