//! `Debug` of a command: a line for a shell, as std's.

use std::ffi::OsStr;
use std::fmt;

use super::Command;

/// As a line for a shell; with `{:#?}` field by field.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Command")
                .field("program", &self.program)
                .field("arg0", &self.arg0)
                .field("args", &self.args)
                .field("env", &self.env)
                .field("dir", &self.dir)
                .field("group", &self.group)
                .field("uid", &self.uid)
                .field("gid", &self.gid)
                .field("groups", &self.groups)
                .finish_non_exhaustive();
        }
        if let Some(dir) = &self.dir {
            write!(f, "cd {dir:?} && ")?;
        }
        let removed = |(key, value): (_, Option<_>)| value.is_none().then_some(key);
        if self.env.is_cleared() {
            f.write_str("env -i ")?;
        } else if self.get_envs().any(|change| removed(change).is_some()) {
            f.write_str("env ")?;
            self.get_envs()
                .filter_map(removed)
                .try_for_each(|key: &OsStr| write!(f, "-u {} ", key.display()))?;
        }
        for (key, value) in self.get_envs() {
            if let Some(value) = value {
                write!(f, "{}={value:?} ", key.display())?;
            }
        }
        match &self.arg0 {
            Some(arg0) if *arg0 != self.program => write!(f, "[{:?}] {arg0:?}", self.program)?,
            _ => write!(f, "{:?}", self.program)?,
        }
        self.args.iter().try_for_each(|arg| write!(f, " {arg:?}"))
    }
}
