// What `falconer doctor` has found, line by line.
#pragma once

#include <algorithm>
#include <iostream>
#include <string>

namespace falconer::cli {

/// Lines as they are found, the worst remembered.
class doctor_report {
public:
    void good(const std::string& about, const std::string& what) { say("ok   ", about, what); }
    void doubt(const std::string& about, const std::string& what) { say("look ", about, what); }
    void bad(const std::string& about, const std::string& what) {
        say("WRONG", about, what);
        ++wrong_;
    }
    int wrong() const { return wrong_; }

private:
    static void say(const char* how, const std::string& about, const std::string& what) {
        auto padded = about;
        padded.resize(std::max<std::size_t>(padded.size() + 1, 14), ' ');
        std::cout << how << "  " << padded << what << '\n';
    }
    int wrong_ = 0;
};

}  // namespace falconer::cli
