//! Whom the child runs as. Model: `std::os::unix::process::CommandExt`.

use super::Command;

impl Command {
    /// The child joins a process group; 0 makes a new one.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert!(Command::new("true").process_group(0).status().unwrap().success());
    /// # }) }
    /// ```
    pub fn process_group(&mut self, group: i32) -> &mut Command {
        self.group = Some(group);
        self
    }

    /// The child runs as this user, with none of our supplementary groups unless
    /// [`groups`](Self::groups) gives some.
    ///
    /// The child makes setgroups(2), setgid(2) and setuid(2) in Go's order. As with std, it is no
    /// failure if we have no right to change the groups: what needs the right then fails in setgid
    /// or setuid.
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.uid = Some(id);
        self
    }

    /// The child runs as this group, with none of our supplementary groups unless
    /// [`groups`](Self::groups) gives some. (std keeps them where only the group is given; Go does
    /// not.)
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.gid = Some(id);
        self
    }

    /// The child's supplementary groups. Starting it fails with `PermissionDenied` if we have no
    /// right to set them. Model: std's method of this name. Go: `Credential.Groups`.
    pub fn groups(&mut self, groups: &[u32]) -> &mut Command {
        self.groups = Some(groups.to_vec());
        self
    }
}
